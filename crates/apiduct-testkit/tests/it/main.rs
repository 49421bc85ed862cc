//! Behaviors of the test equipment itself.

mod basics;
