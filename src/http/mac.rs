//! Signatures of others over a body as it came: HMAC-SHA256, in hexadecimal.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether this is the code of these parts, one after the other, under the secret. Takes the same time whatever is wrong.
pub(super) fn is_mac_of(secret: &str, parts: &[&[u8]], hex: &str) -> bool {
    let Some(told) = bytes(hex) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(&told).is_ok()
}

/// 32 bytes from 64 hexadecimal digits.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    let digits = hex.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, and what is wrong with it each time.
    #[test]
    fn a_code_is_of_one_text_under_one_secret() {
        const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(is_mac_of("Jefe", &[b"what do ya want ", b"for nothing?"], HEX));
        assert!(is_mac_of("Jefe", &[b"what do ya want for nothing?"], &HEX.to_uppercase()));
        for (secret, text, hex) in [
            ("jefe", "what do ya want for nothing?", HEX),
            ("Jefe", "what do ya want for nothing", HEX),
            ("Jefe", "what do ya want for nothing?", &HEX[2..]),
            ("Jefe", "what do ya want for nothing?", ""),
            ("Jefe", "what do ya want for nothing?", &HEX.replace('5', "g")),
            ("Jefe", "what do ya want for nothing?", &HEX.replace('5', "é")),
        ] {
            assert!(!is_mac_of(secret, &[text.as_bytes()], hex), "{secret} {text} {hex}");
        }
    }
}
