//! Private keys in PEM, as people have them.

use std::borrow::Cow;

use apiduct_model::SecretText;

use crate::auth::TokenError;

/// A private key as PEM that the signing library reads.
pub(super) fn open(text: &str) -> Result<SecretText, TokenError> {
    let text = with_line_breaks(text.trim());
    let label = label(&text).ok_or_else(|| problem("the private key is not PEM"))?;
    if label.starts_with("ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(problem(
            "the private key is encrypted; decrypt it with `openssl pkcs8 -topk8 -nocrypt`",
        ));
    }
    if label == "EC PRIVATE KEY" {
        return Err(problem(
            "the private key is not PKCS #8; convert it with `openssl pkcs8 -topk8 -nocrypt`",
        ));
    }
    Ok(SecretText::from(text.into_owned()))
}

/// Variables of the environment cannot hold line breaks everywhere: many hold `\n` instead.
fn with_line_breaks(text: &str) -> Cow<'_, str> {
    if text.contains('\n') || !text.contains("\\n") {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.replace("\\n", "\n"))
    }
}

/// What stands behind `BEGIN`.
fn label(pem: &str) -> Option<&str> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    rest.split_once("-----").map(|(label, _)| label)
}

fn problem(text: &str) -> TokenError {
    TokenError::Signing {
        problem: text.to_owned(),
    }
}
