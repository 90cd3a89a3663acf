//! How an order's returns are asked about the first of them.

use super::{BEGINNING, Charted, ORDER, Print, amount, labels, named, sku};
use crate::returns::{
    Approval, Asked, Book, Command, Delivered, Disposition, Outcome, Parcel, Policy, Reason, RefundOn,
    Request, Returns, Seen, What,
};
use crate::types::{LineId, Timestamp};

const LINE: LineId = LineId::from_bits(1);

impl Charted for Returns {
    const ABOUT: &'static str = "one return; an order has one or several";

    fn place(book: &Book) -> &'static str {
        book.get(1).map_or("none", |one| one.phase.word())
    }

    fn fingerprint(book: &Book, into: &mut Print) {
        into.add(book.told);
        let Some(one) = book.get(1) else { return };
        into.debug(&one.policy);
        into.add((one.pieces_back(), one.warned));
        for receipt in &one.receipts {
            into.debug(&receipt.stock);
        }
        for refund in &one.refunds {
            into.debug(&refund.state);
        }
    }

    fn samples(book: &Book, _: Timestamp) -> Vec<(&'static str, Command)> {
        use Command as C;
        let mut commands = Vec::new();
        // Two at once are no machine of one.
        if book.returns.is_empty() {
            for approval in Approval::ALL {
                let policies = RefundOn::ALL
                    .iter()
                    .map(|refund_on| Policy { approval: *approval, refund_on: *refund_on });
                commands.extend(policies.map(request));
            }
        }
        let number = 1;
        commands.extend([
            C::Approve { number },
            C::Decline { number, note: None },
            C::Ship { number, parcel: Parcel::default() },
            receive(1),
            receive(2),
            C::Close { number },
            C::Cancel { number },
            C::Retry { number },
            C::Hear(Outcome::RefundFailed { refund: 1, code: "".into() }),
            C::Hear(Outcome::Warned { number, is_refused: book.get(1).is_some_and(|one| one.is_refused()) }),
            C::Hear(Outcome::Noted { pieces: book.pieces_back() }),
        ]);
        for receipt in [1, 2] {
            commands.push(C::Hear(Outcome::StockBooked { receipt }));
            commands.push(C::Hear(Outcome::StockRefused { receipt, why: "".into() }));
        }
        for receipt in [Some(1), Some(2), None] {
            let (refund, amount) = (receipt.unwrap_or(1), amount());
            commands.push(C::Hear(Outcome::RefundTaken { number, receipt, refund, amount }));
            for is_still_owed in [false, true] {
                let why = "".into();
                commands.push(C::Hear(Outcome::RefundRefused { number, receipt, why, is_still_owed }));
            }
        }
        named(labels::returns_command, commands)
    }
}

/// Two delivered pieces of one line shall come back.
fn request(policy: Policy) -> Command {
    let what = What::Line(LINE);
    let delivered =
        Delivered { line: LINE, sku: sku(), unit_price: amount(), quantity: 2, at: Some(BEGINNING) };
    Command::Request(Box::new(Request {
        order: ORDER,
        policy,
        window_s: 0,
        lines: vec![Asked { what, quantity: 2, reason: Reason::Unwanted }],
        note: None,
        delivered: vec![delivered],
    }))
}

fn receive(quantity: u32) -> Command {
    let what = What::Line(LINE);
    Command::Receive { number: 1, lines: vec![Seen { what, quantity, disposition: Disposition::Restock }] }
}
