//! One page.

use super::{PaginateError, Paginator, Position, Reason, Step};
use crate::{Page, Request};

/// One page and no more, whatever the response says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinglePage;

impl Paginator for SinglePage {
    fn start(&self) -> Position {
        Position::Start
    }

    fn apply(&self, _: &Position, _: &mut Request) -> Result<(), PaginateError> {
        Ok(())
    }

    fn advance(&self, _: &Position, _: &Page) -> Result<Step, PaginateError> {
        Ok(Step::Done(Reason::SinglePage))
    }

    fn describe(&self) -> String {
        "single page".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::page_from;
    use super::*;

    #[test]
    fn the_first_page_is_the_last_whatever_it_says() {
        let link = [("link", "</2>; rel=next")];
        let page = page_from(&SinglePage, "http://h/", &link, &json!({"next": "/2"}), "$");
        let step = SinglePage.advance(&Position::Start, &page);
        assert_eq!(step, Ok(Step::Done(Reason::SinglePage)));
    }
}
