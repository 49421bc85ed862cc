//! Setters that paginators have in common.

/// Writes one consuming setter a line: `name: kind`, where the kind says what is taken and what the field is.
///
/// | kind | takes | field |
/// |---|---|---|
/// | `text` | a text | `Option<String>` |
/// | `body_path` | a [`BodyPath`](crate::BodyPath) or its text | `Option<Setting<BodyPath>>` |
/// | `selector` | a selector or its text | `Option<Setting<Selector>>` |
/// | `total` | what makes a [`TotalPath`](super::TotalPath) | `TotalPath` |
/// | `number` | a number | `u64` |
/// | `perhaps_number` | a number | `Option<u64>` |
/// | `truth` | a boolean | `bool` |
macro_rules! setters {
    () => {};
    ($(#[$doc:meta])* $name:ident: $kind:ident, $($rest:tt)*) => {
        setters!(@$kind $(#[$doc])* $name);
        setters!($($rest)*);
    };
    (@text $(#[$doc:meta])* $name:ident) => {
        setters!(@fn $(#[$doc])* $name, impl Into<String>, |name| Some(name.into()));
    };
    (@body_path $(#[$doc:meta])* $name:ident) => {
        setters!(@fn $(#[$doc])* $name, impl Into<Setting<BodyPath>>, |path| Some(path.into()));
    };
    (@selector $(#[$doc:meta])* $name:ident) => {
        setters!(@fn $(#[$doc])* $name, impl Into<Setting<Selector>>, |path| Some(path.into()));
    };
    (@total $(#[$doc:meta])* $name:ident) => {
        setters!(@fn $(#[$doc])* $name, impl Into<TotalPath>, |path| path.into());
    };
    (@number $(#[$doc:meta])* $name:ident) => {
        setters!(@fn $(#[$doc])* $name, u64, |number| number);
    };
    (@perhaps_number $(#[$doc:meta])* $name:ident) => {
        setters!(@fn $(#[$doc])* $name, u64, |number| Some(number));
    };
    (@truth $(#[$doc:meta])* $name:ident) => {
        setters!(@fn $(#[$doc])* $name, bool, |truth| truth);
    };
    (@fn $(#[$doc:meta])* $name:ident, $type:ty, |$value:ident| $field:expr) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $value: $type) -> Self {
            self.$name = $field;
            self
        }
    };
}

pub(super) use setters;
