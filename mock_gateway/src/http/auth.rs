//! Who is asking: the secret key, by Bearer or as the user of Basic.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bank::Trouble;

const PREFIX: &str = "sk_test_";
const KEY_BYTES_MAX: usize = 255;

/// The account's key.
pub(crate) fn account(headers: &HeaderMap) -> Result<String, Trouble> {
    let Some(value) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Err(Trouble::unauthorized(
            "You did not provide an API key. Provide it in the Authorization header, as in \
             'Authorization: Bearer YOUR_SECRET_KEY'.",
        ));
    };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        Some(rest.trim().to_owned())
    } else if scheme.eq_ignore_ascii_case("basic") {
        basic_user(rest.trim())
    } else {
        None
    };
    key.filter(|key| is_secret_key(key))
        .ok_or_else(|| Trouble::unauthorized("Invalid API Key provided: this bank knows keys like sk_test_…"))
}

fn basic_user(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let user = decoded.split_once(':').map_or(&*decoded, |(user, _)| user);
    Some(user.to_owned())
}

fn is_secret_key(key: &str) -> bool {
    let is_plain = |rest: &str| {
        let mut bytes = rest.bytes();
        !rest.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    key.len() <= KEY_BYTES_MAX && key.strip_prefix(PREFIX).is_some_and(is_plain)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn read(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(value).expect("a good header");
        headers.insert(AUTHORIZATION, value);
        account(&headers).ok()
    }

    #[test]
    fn both_ways_of_giving_the_key() {
        assert_eq!(read("Bearer sk_test_1").as_deref(), Some("sk_test_1"));
        let basic = format!("Basic {}", STANDARD.encode("sk_test_1:"));
        assert_eq!(read(&basic).as_deref(), Some("sk_test_1"));
    }

    #[test]
    fn anything_else_is_nobody() {
        for value in [
            "",
            "Bearer",
            "Bearer pk_test_1",
            "Bearer sk_test_",
            "Bearer sk_live_1",
            "Basic !",
            "Digest sk_test_1",
            "Bearer sk_test_a b",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
        assert!(account(&HeaderMap::new()).is_err());
    }
}
