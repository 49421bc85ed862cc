//! Every environment variable that the command line reads, declared once; the help and the reference page are made
//! from this list.

use std::fmt::Write;

/// An environment variable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvVar {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does: a short sentence for the help, then details and the default.
    pub(crate) doc: &'static str,
}

impl EnvVar {
    /// Its value; `None` when it is unset, empty or not Unicode.
    pub(crate) fn value(self) -> Option<String> {
        std::env::var(self.name)
            .ok()
            .filter(|value| !value.is_empty())
    }
}

/// What goes to the log.
pub(crate) const LOG: EnvVar = EnvVar {
    name: "APIDUCT_LOG",
    doc: "What goes to the log on stderr. A level (`error`, `warn`, `info`, `debug`, `trace`) or a list such as \
          `warn,apiduct_client=trace`; wins over `-v`. Default: `warn`.",
};

/// What goes to the log, as Rust programs are told.
pub(crate) const RUST_LOG: EnvVar = EnvVar {
    name: "RUST_LOG",
    doc: "What goes to the log, like `APIDUCT_LOG`. For those who set it anyway; `APIDUCT_LOG` and `-v` win over it.",
};

/// The form of the log.
pub(crate) const RUNTIME_LOG_FORMAT: EnvVar = EnvVar {
    name: "RUNTIME__LOG_FORMAT",
    doc: "The form of the log: `text` or `json`. With `json` each line is one JSON object. Default: `text`.",
};

/// The level of the log, as the reference spells it.
pub(crate) const RUNTIME_LOG_LEVEL: EnvVar = EnvVar {
    name: "RUNTIME__LOG_LEVEL",
    doc: "The level of the log as the reference spells it. `ERROR`, `WARNING`, `INFO` or `DEBUG`; `INFO` shows \
          each request; `APIDUCT_LOG`, `-v` and `RUST_LOG` win over it.",
};

/// The form of the output.
pub(crate) const FORMAT: EnvVar = EnvVar {
    name: "APIDUCT_FORMAT",
    doc: "The form of the output, like `--format`. `text` or `json`. Default: `text`.",
};

/// The folder for packages and locks.
pub(crate) const WORKING_DIR: EnvVar = EnvVar {
    name: "APIDUCT_WORKING_DIR",
    doc: "Where fetched rows are kept until they are loaded. Like `--working-dir`. Default: `.apiduct`.",
};

/// The folder for the intermediate files of `get`.
pub(crate) const TEMP_DIR: EnvVar = EnvVar {
    name: "TMPDIR",
    doc: "Where `get` keeps rows on their way to CSV or a table. Rows for a file (`-o`) are kept beside it. Default: the \
          system's.",
};

/// The wish for no colors.
pub(crate) const NO_COLOR: EnvVar = EnvVar {
    name: "NO_COLOR",
    doc: "Set to anything: no colors. Meaning is never in color alone.",
};

/// All of them.
pub(crate) const ALL: [EnvVar; 8] = [
    FORMAT,
    LOG,
    WORKING_DIR,
    NO_COLOR,
    RUNTIME_LOG_FORMAT,
    RUNTIME_LOG_LEVEL,
    RUST_LOG,
    TEMP_DIR,
];

/// The reference page of the variables, as Markdown.
#[cfg(test)]
fn page() -> String {
    let mut page = String::from(
        "# Environment variables\n\nWhat `apiduct` reads from the environment. Proxies are taken from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and\n\
         `NO_PROXY`; secrets from wherever the file refers to (`${env:NAME}`).\n\n| variable | does |\n|---|---|\n",
    );
    for one in ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} |", one.name, one.doc);
    }
    page
}

/// The variables as a section of the help.
pub(crate) fn help() -> String {
    ALL.iter().fold(String::new(), |mut text, one| {
        let short = one.doc.split(". ").next().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {:<20} {}",
            one.name,
            short.trim_end_matches('.').replace('`', "")
        );
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_holds_every_variable() {
        let written = include_str!("../../../docs/reference/environment.md");
        assert_eq!(
            written,
            page(),
            "write this into docs/reference/environment.md:\n{}",
            page()
        );
    }

    #[test]
    fn a_variable_fits_a_line_of_the_help() {
        assert!(help().lines().all(|line| line.len() <= 80), "{}", help());
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let unset = EnvVar {
            name: "APIDUCT_NEVER_SET_BY_ANYONE",
            doc: "",
        };
        assert_eq!(unset.value(), None);
    }
}
