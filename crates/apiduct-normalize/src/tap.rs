use apiduct_model::Scalar;

/// A value of each record that others need as it was written: a child's parameter, a cursor.
///
/// The path is a list of keys from the record down. A tap sees scalars only; it is absent where the path leads
/// nowhere or to a list or object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tap {
    /// The keys, outermost first, as the source writes them.
    pub keys: Vec<String>,
}

impl Tap {
    /// A tap along `keys`.
    pub fn new<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self {
            keys: keys.into_iter().map(Into::into).collect(),
        }
    }
}

/// The tapped values of one record, in the order of the taps; `None` where a value is absent.
pub type TapRow = Vec<Option<Scalar>>;
