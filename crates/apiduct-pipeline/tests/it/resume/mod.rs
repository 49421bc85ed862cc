//! Pulls that take more than one run.

mod cuts;
mod endings;
mod kills;
mod memory;
mod tree;
