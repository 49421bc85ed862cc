use std::fmt;

use zeroize::Zeroize;

/// A value that must not be shown: no `Display`, a `Debug` that masks, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue<T: Zeroize>(T);

/// A secret text such as a token or a password.
pub type SecretText = SecretValue<String>;

impl<T: Zeroize> SecretValue<T> {
    /// Wraps `value`.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value in clear. Call it only where the secret is put to use.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl<T: Zeroize> Drop for SecretValue<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for SecretValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_is_masked() {
        assert_eq!(format!("{:?}", SecretText::from("hunter2")), "***");
    }
}
