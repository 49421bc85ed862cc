use proptest::prelude::*;

use super::*;

fn redactor(secret: &str) -> Redactor {
    let redactor = Redactor::default();
    redactor.register(&SecretText::from(secret));
    redactor
}

#[test]
fn a_secret_is_masked_in_every_encoding() {
    let redactor = redactor("s3cr/t key");
    assert_eq!(redactor.redact("a s3cr/t key b"), "a *** b");
    assert_eq!(redactor.redact("?k=s3cr%2Ft+key"), "?k=***");
    assert_eq!(redactor.redact("?k=s3cr%2Ft%20key"), "?k=***");
    assert!(
        !redactor
            .redact("Basic czNjci90IGtleQ==")
            .contains("czNjci90IGtl")
    );
}

/// Base64 as the standard says (RFC 4648), with padding.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let padded = [
            three[0],
            *three.get(1).unwrap_or(&0),
            *three.get(2).unwrap_or(&0),
        ];
        let bits = padded
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let letters = [18, 12, 6, 0].map(|shift| char::from(alphabet[bits >> shift & 63]));
        out.extend(&letters[..=three.len()]);
        out.push_str(&"=="[..3 - three.len()]);
    }
    out
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn the_password_of_basic_auth_is_masked_whatever_the_user_is_called() {
    let redactor = redactor("s3cr/t?>~ key");
    for user in ["", "a", "ad", "ada", "anna"] {
        for alphabet in [STANDARD, URL_SAFE] {
            let token = base64(format!("{user}:s3cr/t?>~ key").as_bytes(), alphabet);
            let shown = redactor.redact(&token).into_owned();
            let kept = base64(format!("{user}:").as_bytes(), alphabet);
            let kept = kept.trim_end_matches('=');
            let kept = &kept[..(user.len() + 1) * 8 / 6];
            let rest = shown.strip_prefix(kept).unwrap();
            assert_eq!(rest.trim_end_matches('='), MASK, "{user}");
        }
    }
}

#[test]
fn base64_in_a_url_and_in_json_is_masked_too() {
    let redactor = redactor("??>>??>>");
    assert_eq!(redactor.redact("Pz8+Pj8/Pj4="), "***=");
    assert_eq!(redactor.redact("t=Pz8%2BPj8%2FPj4%3D&a"), "t=***%3D&a");
    assert_eq!(
        redactor.redact(r#"{"t":"Pz8+Pj8\/Pj4="}"#),
        r#"{"t":"***="}"#
    );
    assert_eq!(redactor.redact("Pz8-Pj8_Pj4"), "***");
}

#[test]
fn the_secret_of_an_oauth_client_is_masked_in_basic_auth() {
    let redactor = redactor("s3cr/t +key");
    for encoded in ["s3cr%2Ft+%2Bkey", "s3cr%2Ft%20%2Bkey"] {
        let token = base64(format!("ada:{encoded}").as_bytes(), STANDARD);
        let shown = redactor.redact(&token);
        assert_eq!(shown.trim_end_matches('='), "YWRhO***", "{encoded}");
    }
}

#[test]
fn a_line_of_a_private_key_is_masked_on_its_own() {
    let redactor = redactor("-----BEGIN KEY-----\nMIIEvQIBADANBgkqh\nkiG9w0B\n-----END KEY-----\n");
    assert_eq!(redactor.redact("at MIIEvQIBADANBgkqh"), "at ***");
    assert_eq!(
        redactor.redact("-----BEGIN KEY-----"),
        "-----BEGIN KEY-----"
    );
}

#[test]
fn overlapping_secrets_are_masked_to_their_last_character() {
    let redactor = redactor("abcdef");
    redactor.register(&SecretText::from("defghi"));
    assert_eq!(redactor.redact("<abcdefghi>"), "<***>");
}

#[test]
fn a_sensitive_name_is_known_however_it_is_spelled() {
    let url = "https://h/e?api%5Fkey=s&toke%6E=x".parse().unwrap();
    assert_eq!(redact_url(&url), "https://h/e?api%5Fkey=***&toke%6E=***");
}

fn percent(text: &str, every: bool) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        byte if !every && byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte if byte % 2 == 0 => format!("%{byte:02x}"),
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

proptest! {
    #[test]
    fn no_encoding_of_a_secret_survives(
        secret in "\\PC{4,12}",
        before in "[a-z:/ ]{0,4}",
        after in "[a-z:/ ]{0,4}",
    ) {
        let redactor = redactor(&secret);
        let whole = format!("{before}{secret}{after}");
        let json = serde_json::Value::from(secret.as_str()).to_string();
        let json = json[1..json.len() - 1].to_owned();
        let debug = format!("{secret:?}");
        for form in [
            secret.clone(),
            percent(&secret, false),
            percent(&secret, true),
            percent(&percent(&secret, false), false),
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            debug[1..debug.len() - 1].to_owned(),
            serde_json::Value::from(json.as_str()).to_string(),
            json,
        ] {
            let shown = redactor.redact(&form).into_owned();
            prop_assert!(shown.contains(MASK), "{form}");
            prop_assert!(redactor.contains_secret(&form), "{form}");
            prop_assert!(!redactor.contains_secret(&shown) || MASK.contains(&secret), "{shown}");
        }
        for alphabet in [STANDARD, URL_SAFE] {
            let encoded = base64(whole.as_bytes(), alphabet);
            prop_assert!(redactor.redact(&encoded).contains(MASK), "{encoded}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is(text in "[ -~é]{0,60}") {
        let redactor = redactor("zażółć-gęślą");
        prop_assert_eq!(redactor.redact(&text), text.as_str());
        prop_assert!(!redactor.contains_secret(&text));
    }

    #[test]
    fn masking_never_panics(secret in "[%25\\\\u{}é&;+ ]{4,9}", text in "[%25\\\\u{}é&;+ ]{0,40}") {
        let _ = redactor(&secret).redact(&text);
    }
}

#[test]
fn very_short_secrets_do_not_eat_ordinary_text() {
    assert_eq!(redactor("1").redact("page 1"), "page 1");
}

#[test]
fn a_secret_is_found_in_every_encoding() {
    let redactor = redactor("s3cr/t ké");
    for text in [
        "id=s3cr/t ké;",
        "s3cr%2Ft+k%C3%A9",
        "/s3cr%2ft%20k%c3%a9/",
        "s3cr/t%20ké",
        "s3cr/t+ké",
        "Basic czNjci90IGvDqQ==",
    ] {
        assert!(redactor.contains_secret(text), "{text}");
    }
    for text in ["", "s3cr", "100%", "%2", "%zz%", "s3cr%2Ft"] {
        assert!(!redactor.contains_secret(text), "{text}");
    }
}

#[test]
fn a_very_short_secret_is_found_when_it_is_the_whole_text() {
    let redactor = redactor("é1");
    assert!(redactor.contains_secret("é1") && redactor.contains_secret("%c3%A91"));
    assert!(!redactor.contains_secret("é12"));
    redactor.register(&SecretText::from(""));
    assert!(!redactor.contains_secret(""));
}

#[test]
fn a_secret_of_few_but_long_characters_is_masked() {
    assert_eq!(redactor("éü").redact("<éü>"), "<***>");
}

#[test]
fn the_longer_of_two_secrets_is_masked_first() {
    let redactor = redactor("abcd");
    redactor.register(&SecretText::from("abcdef"));
    assert_eq!(redactor.redact("abcdef abcd"), "*** ***");
}

#[test]
fn sensitive_parameters_and_user_info_are_masked() {
    for (url, shown) in [
        ("https://h/e?api_key=s&o=v", "https://h/e?api_key=***&o=v"),
        (
            "https://h/e?API_KEY=s&Token=x",
            "https://h/e?API_KEY=***&Token=***",
        ),
        ("https://h/e?api_key=&o=v", "https://h/e?api_key=***&o=v"),
        (
            "https://h/v2/r?api_key=s#sec",
            "https://h/v2/r?api_key=***#sec",
        ),
        ("https://h/e?page=1&limit=10", "https://h/e?page=1&limit=10"),
        ("https://h/e?my_token=1", "https://h/e?my_token=1"),
        (
            "https://u:p@h/x?a=b%20c&flag&x=[1]",
            "https://***@h/x?a=b%20c&flag&x=[1]",
        ),
    ] {
        assert_eq!(redact_url(&url.parse().unwrap()), shown);
    }
}
