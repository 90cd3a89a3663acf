use super::*;
use crate::order::{self, Status};
use crate::runtime::{Fault, Refusal};
use crate::store::settings;

/// The whole table, as clients may rely on it: a line that changes here changes the contract.
const TABLE: &str = "\
400 store_id_missing
400 store_id_malformed
400 malformed_request
400 malformed_json
400 malformed_form
400 malformed_query
400 malformed_cursor
400 malformed_header
400 idempotency_key_malformed
401 signature_invalid
404 not_found
404 store_not_found
404 order_not_found
404 item_not_found
404 review_not_found
404 alert_not_found
404 reservation_not_found
404 schedule_not_found
404 gateway_not_found
404 gateway_not_mock
404 state_not_found
404 payment_not_found
404 fulfillment_not_found
404 shipment_not_found
404 return_not_found
405 method_not_allowed
408 request_timeout
413 body_too_large
415 unsupported_media_type
409 store_exists
409 store_suspended
409 order_already_placed
409 illegal_transition
409 below_promised
409 stock_short
409 review_closed
409 extended_too_often
409 refund_impossible
409 job_running
409 not_damaged
409 idempotency_key_in_use after 1
412 precondition_failed
422 validation_failed
422 return_window_over
422 too_many_returns
422 history_too_long
422 idempotency_key_reused
429 store_full after 1
429 rate_exceeded after 1
429 streams_full after 5
500 internal_error
503 deadline_passed after 1
503 answer_overdue after 1
503 journal_unavailable after 2
503 store_rebuilding after 1
503 store_quarantined after 30
503 node_full after 1
503 node_streams_full after 5
503 views_behind after 2
503 starting after 1
503 stopping after 2
503 state_unreadable after 5
503 gateway_unavailable after 2
503 payment_busy after 2
503 schedule_unavailable after 2
";

#[test]
fn the_table_is_a_promise() {
    let mut table = String::new();
    for code in Code::ALL {
        let Kind { status, code, title, detail, retry_after_s } = code.kind();
        let after = retry_after_s.map_or_else(String::new, |after| format!(" after {after}"));
        table.push_str(&format!("{status} {code}{after}\n"));
        assert!(title.starts_with(char::is_uppercase) && !title.ends_with('.'), "{title}");
        assert!(!detail.ends_with('.'), "{detail}");
        if matches!(status, 429 | 503) {
            assert!(retry_after_s.is_some(), "{code} says when to come back");
        }
    }
    assert_eq!(table, TABLE);
}

#[test]
fn what_is_retryable_says_when() {
    for fault in [
        Fault::DeadlinePassed,
        Fault::JournalRefused,
        Fault::Rebuilding,
        Fault::Quarantined,
        Fault::Stopping,
        Fault::StoreFull,
        Fault::RateExceeded,
        Fault::NodeFull,
        Fault::ViewsBehind,
        Fault::KeyInUse,
        Fault::KeyReused,
        Fault::Unreadable,
    ] {
        let problem = Problem::from(fault);
        assert_eq!(problem.kind().retry_after_s.is_some(), fault.is_retryable(), "{fault}");
    }
}

#[test]
fn a_body_has_the_fields_of_the_standard_and_ours() {
    let problem: Problem =
        settings::Rejection::OutOfBounds(vec![("/settings/retry/cap_ms".into(), "1 to 2".into())]).into();
    let body = problem.body("/v1/stores", "req_1");
    assert_eq!(
        String::from_utf8(body).expect("JSON"),
        r#"{"type":"urn:orderflow:problem:validation_failed","title":"Validation failed","status":422,"#
            .to_owned()
            + r#""detail":"some values cannot be taken; see errors","instance":"/v1/stores","#
            + r#""code":"validation_failed","request_id":"req_1","#
            + r#""errors":[{"pointer":"/settings/retry/cap_ms","code":"out_of_range","detail":"1 to 2"}]}"#
    );
}

#[test]
fn an_illegal_move_says_where_the_order_stands_and_what_it_allows() {
    let refusal = Refusal::Rejected(order::Rejection::Illegal {
        action: "be retried",
        status: Status::Completed,
        legal: &["refund"],
    });
    let problem = Problem::from(refusal);
    let body: serde_json::Value = serde_json::from_slice(&problem.body("/", "r")).expect("JSON");
    assert_eq!(
        (&body["status"], &body["code"], &body["status_now"], &body["legal"]),
        (&409.into(), &"illegal_transition".into(), &"completed".into(), &serde_json::json!(["refund"]))
    );
    assert_eq!(body["detail"], "an order that is completed cannot be retried");
}

#[test]
fn clients_are_told_to_come_back_at_different_times() {
    let problem = Problem::new(Code::StoreQuarantined);
    let waits: std::collections::BTreeSet<_> =
        (0..200).filter_map(|nth| problem.retry_after_s(&nth.to_string())).collect();
    assert!(waits.len() > 10 && waits.iter().all(|wait| (30..=60).contains(wait)), "{waits:?}");
    assert_eq!(Problem::new(Code::NotFound).retry_after_s("r"), None);
}
