//! Pulls that take more than one run.

mod endings;
