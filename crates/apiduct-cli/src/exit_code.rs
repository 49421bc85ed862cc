//! The exit codes, which are part of the contract with users.

use std::process;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// All was done.
    Complete,
    /// The command line or the configuration is wrong.
    Usage,
    /// The source cannot be reached or refuses.
    Source,
    /// The data is not what was expected.
    Data,
    /// The destination, or a file that is to be written, refuses.
    Destination,
    /// Rows are missing for now; a rerun goes on.
    Incomplete,
    /// The user interrupted; a rerun goes on.
    Interrupted,
}

impl ExitCode {
    /// Every code with what it means, in the order of the numbers.
    pub(crate) const ALL: [Self; 7] = [
        Self::Complete,
        Self::Usage,
        Self::Source,
        Self::Data,
        Self::Destination,
        Self::Incomplete,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Usage => 2,
            Self::Source => 3,
            Self::Data => 4,
            Self::Destination => 5,
            Self::Incomplete => 6,
            Self::Interrupted => 130,
        }
    }

    /// The word that programs see as `class` of an error.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Usage => "config",
            Self::Source => "source",
            Self::Data => "data",
            Self::Destination => "destination",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
        }
    }

    /// What the number means, for the help.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Usage => "usage or configuration",
            Self::Source => "source: unreachable, refused, broken",
            Self::Data => "data: not what was expected",
            Self::Destination => "destination: locked, full, refused",
            Self::Incomplete => "incomplete but resumable",
            Self::Interrupted => "interrupted; state kept, resumable",
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_and_a_class_of_its_own() {
        for (at, one) in ExitCode::ALL.iter().enumerate() {
            for other in &ExitCode::ALL[at + 1..] {
                assert!(one.number() < other.number());
                assert_ne!(one.class(), other.class());
                assert_ne!(one.meaning(), other.meaning());
            }
        }
    }

    #[test]
    fn one_is_left_to_panics() {
        assert!(ExitCode::ALL.iter().all(|code| code.number() != 1));
    }
}
