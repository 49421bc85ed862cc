//! Selecting records in JSON pages without building value trees.
