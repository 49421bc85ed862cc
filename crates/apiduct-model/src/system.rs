use serde::{Deserialize, Serialize};

/// Names of the columns and tables that apiduct itself writes: one prefix, fixed words behind it.
///
/// The default prefix is `_apiduct`; `_dlt` continues a dataset of the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SystemNames {
    prefix: String,
}

impl Default for SystemNames {
    fn default() -> Self {
        Self {
            prefix: "_apiduct".to_owned(),
        }
    }
}

macro_rules! system_name {
    ($($(#[$doc:meta])* $name:ident => $word:literal;)*) => {
        $($(#[$doc])*
        pub fn $name(&self) -> String {
            format!(concat!("{}_", $word), self.prefix)
        })*
    };
}

impl SystemNames {
    /// Names that start with `prefix`.
    pub fn with_prefix(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }

    /// Whether `name` is reserved for system columns and tables.
    pub fn is_system(&self, name: &str) -> bool {
        name.strip_prefix(&*self.prefix)
            .is_some_and(|rest| rest.starts_with('_'))
    }

    system_name! {
        /// Identity of a row, in every table.
        id => "id";
        /// The load that brought a row, in root tables.
        load_id => "load_id";
        /// Identity of the parent row, in nested tables.
        parent_id => "parent_id";
        /// Position in the list from 0, in nested tables.
        list_idx => "list_idx";
        /// The table that records each completed load.
        loads_table => "loads";
        /// The table that holds the pipeline's state.
        state_table => "state";
        /// The table that holds the versions of the schema.
        schema_table => "schema";
        /// The table of what could not be fetched, where the file asks for one.
        rejected_table => "rejected";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_prefix() {
        assert_eq!(SystemNames::default().parent_id(), "_apiduct_parent_id");
        assert_eq!(SystemNames::with_prefix("_dlt").loads_table(), "_dlt_loads");
        assert!(SystemNames::default().is_system("_apiduct_id"));
        assert!(!SystemNames::default().is_system("_apiductor"));
    }
}
