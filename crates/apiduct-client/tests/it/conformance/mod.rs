//! What a REST client of this kind is expected to do, case by case; `tests/README.md` says which test pins what.

mod inventory;
mod requests;
mod walks;
mod wrapper;
