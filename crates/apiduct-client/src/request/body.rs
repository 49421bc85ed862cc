//! What can be a body.

use bytes::Bytes;
use serde_json::Value;

use super::Body;

impl Body {
    /// Bytes as they are, with their media type.
    ///
    /// ```
    /// use apiduct_client::Body;
    ///
    /// let body = Body::raw("<posts/>", "application/xml");
    /// # let _ = body;
    /// ```
    pub fn raw(bytes: impl Into<Bytes>, content_type: impl Into<String>) -> Self {
        Self::Raw {
            bytes: bytes.into(),
            content_type: Some(content_type.into()),
        }
    }
}

/// The JSON document.
impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

macro_rules! body_by_bytes {
    ($($kind:ty),*) => {$(
        /// The bytes as they are, without a media type.
        impl From<$kind> for Body {
            fn from(bytes: $kind) -> Self {
                Self::Raw {
                    bytes: bytes.into(),
                    content_type: None,
                }
            }
        }
    )*};
}

body_by_bytes!(&'static str, String, Vec<u8>, Bytes);
