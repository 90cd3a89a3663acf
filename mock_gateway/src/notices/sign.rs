//! The signature of a notice.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `t=<unix seconds>,v1=<hex>`, one `v1` per secret: HMAC-SHA256 over `<t>.<body>`, keyed with the whole text of the
/// secret, its `whsec_` included.
pub(super) fn header(secrets: &[String], at_s: i64, body: &[u8]) -> String {
    let mut header = format!("t={at_s}");
    for secret in secrets {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(at_s.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        header.push_str(",v1=");
        for byte in mac.finalize().into_bytes() {
            header.push_str(&format!("{byte:02x}"));
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_that_another_program_made() {
        // printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
        let header = header(&["whsec_test".to_owned()], 1_700_000_000, br#"{"id":"evt_1"}"#);
        let expected = "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
        assert_eq!(header, expected);
    }

    #[test]
    fn two_secrets_sign_side_by_side() {
        let both = header(&["a".to_owned(), "b".to_owned()], 1, b"{}");
        let one = header(&["b".to_owned()], 1, b"{}");
        assert_eq!(both.matches("v1=").count(), 2);
        assert!(both.ends_with(one.strip_prefix("t=1,").expect("a time before the signature")));
    }
}
