use apiduct_config::plan::BatchPlan;
use apiduct_config::spec::ForEachMode;
use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::feed::Request;

/// Takes at most so many rows into a batch, and makes no requests.
#[derive(Debug)]
struct AtMost(usize);

impl MakeRequest for AtMost {
    fn request(&self, _: Option<&TapRow>, _: u64) -> Result<Request, RunError> {
        Err(RunError::WorkerLost)
    }

    fn batch(&self, rows: &[TapRow]) -> Result<(usize, TapRow), RunError> {
        let count = rows.len().min(self.0);
        let texts: Vec<String> = rows[..count].iter().map(shown).collect();
        Ok((count, vec![text(&texts.join("+"))]))
    }
}

fn text(text: &str) -> Captured {
    Captured::Scalar(Scalar::Text(text.into()))
}

fn shown(row: &TapRow) -> String {
    let value = |value: &Captured| match value {
        Captured::Scalar(scalar) => scalar.to_text().unwrap_or("null").to_owned(),
        other => format!("{other:?}"),
    };
    row.iter().map(value).collect::<Vec<_>>().join(".")
}

/// A parent that gives pages of one row each, and a way to give more.
fn parent(name: &str) -> (mpsc::Sender<ParentRows>, Inlet) {
    let (sender, rows) = mpsc::channel(1000);
    let inlet = Inlet {
        parent: name.into(),
        rows,
    };
    (sender, inlet)
}

fn page(rows: &[&str]) -> ParentRows {
    rows.iter().map(|row| vec![text(row)]).collect()
}

/// Parents with pages of these rows, all there and over.
fn complete(parents: &[&[&[&str]]]) -> Vec<Inlet> {
    let names = ["p", "q", "r"];
    let inlets = parents.iter().zip(names).map(|(pages, name)| {
        let (sender, inlet) = parent(name);
        for rows in *pages {
            sender.try_send(page(rows)).unwrap();
        }
        inlet
    });
    inlets.collect()
}

fn plan(mode: Option<ForEachMode>, distinct: bool, batch: Option<usize>) -> ForEachPlan {
    ForEachPlan {
        mode,
        join: Vec::new(),
        distinct,
        batch: batch.map(|size| BatchPlan {
            size,
            max_url_length: 1,
        }),
    }
}

/// All rows, as texts.
fn all(parents: &mut Parents, fitting: usize) -> Result<Vec<String>, RunError> {
    let mut found = Vec::new();
    let maker = AtMost(fitting);
    loop {
        let next = parents.next(&maker).now_or_never();
        match next.expect("all rows are there")? {
            Some(rows) => found.extend(rows.iter().map(shown)),
            None => return Ok(found),
        }
    }
}

fn rows(inlets: Vec<Inlet>, plan: &ForEachPlan) -> Result<Vec<String>, RunError> {
    let mut parents = Parents::new(&"c".into(), inlets, (plan, &[0]), 1 << 20);
    all(&mut parents, usize::MAX)
}

#[test]
fn a_product_goes_over_the_first_parent_last() {
    let product = plan(Some(ForEachMode::Product), false, None);
    let inlets = complete(&[&[&["1"], &["2"]], &[&["a", "b"]], &[&["x"], &["y"]]]);
    assert_eq!(
        rows(inlets, &product).unwrap(),
        [
            "1.a.x", "1.a.y", "1.b.x", "1.b.y", "2.a.x", "2.a.y", "2.b.x", "2.b.y"
        ]
    );
    let nothing = complete(&[&[&["1"]], &[]]);
    assert!(rows(nothing, &product).unwrap().is_empty());
}

#[test]
fn a_zip_takes_rows_side_by_side_and_refuses_to_lose_one() {
    let zip = plan(Some(ForEachMode::Zip), false, None);
    let inlets = complete(&[&[&["1", "2"], &["3"]], &[&["a"], &["b", "c"]]]);
    assert_eq!(rows(inlets, &zip).unwrap(), ["1.a", "2.b", "3.c"]);
    for pages in [[["1"].as_slice(), &["a", "b"]], [&["1", "2"], &["a"]]] {
        let inlets = complete(&[&[pages[0]], &[pages[1]]]);
        let error = rows(inlets, &zip).unwrap_err();
        let names = if pages[0].len() < pages[1].len() {
            ("q", "p")
        } else {
            ("p", "q")
        };
        assert_eq!(
            error.to_string(),
            format!(
                "resource `c` takes the rows of its parents side by side, and `{}` has more than the 1 of `{}`",
                names.0, names.1
            )
        );
    }
}

#[test]
fn rows_that_lead_to_the_same_request_count_once() {
    let distinct = plan(None, true, None);
    let inlets = complete(&[&[&["1", "2", "1"], &["2", "3"]]]);
    assert_eq!(rows(inlets, &distinct).unwrap(), ["1", "2", "3"]);
    let number = |digits: &str| Captured::Scalar(Scalar::Number(digits.into()));
    let (sender, inlet) = parent("p");
    let pages: Vec<TapRow> = vec![
        vec![number("1")],
        vec![text("1")],
        vec![Captured::Scalar(Scalar::Null)],
        vec![Captured::Absent],
        vec![number("1")],
    ];
    sender.try_send(pages.into()).unwrap();
    drop(sender);
    assert_eq!(rows(vec![inlet], &distinct).unwrap().len(), 4);
}

#[test]
fn batches_are_full_and_the_last_one_takes_what_is_left() {
    let inlets = || complete(&[&[&["1"], &["2", "3", "4"], &["5"]]]);
    let batches = plan(None, false, Some(2));
    assert_eq!(rows(inlets(), &batches).unwrap(), ["1+2", "3+4", "5"]);
    let mut bounded = Parents::new(
        &"c".into(),
        inlets(),
        (&plan(None, false, Some(4)), &[0]),
        1,
    );
    assert_eq!(
        all(&mut bounded, 3).unwrap(),
        ["1+2+3", "4+5"],
        "what does not fit goes on with the next"
    );
    let distinct = plan(None, true, Some(2));
    let inlets = complete(&[&[&["1", "1"], &["1", "2"], &["2", "3"]]]);
    assert_eq!(rows(inlets, &distinct).unwrap(), ["1+2", "3"]);
}

#[test]
fn rows_wait_for_an_inner_parent_and_are_not_lost_when_nobody_waits() {
    let product = plan(Some(ForEachMode::Product), false, None);
    let (outer, first) = parent("p");
    let (inner, second) = parent("q");
    let mut parents = Parents::new(&"c".into(), vec![first, second], (&product, &[0]), 1 << 20);
    let maker = AtMost(0);
    outer.try_send(page(&["1"])).unwrap();
    inner.try_send(page(&["a"])).unwrap();
    assert!(
        parents.next(&maker).now_or_never().is_none(),
        "more of the inner rows may come"
    );
    inner.try_send(page(&["b"])).unwrap();
    drop(inner);
    let made = parents.next(&maker).now_or_never().unwrap().unwrap();
    let made: Vec<String> = made.unwrap().iter().map(shown).collect();
    assert_eq!(made, ["1.a", "1.b"]);
    drop(outer);
    assert!(matches!(
        parents.next(&maker).now_or_never(),
        Some(Ok(None))
    ));
}

#[test]
fn rows_that_wait_for_others_are_bounded_in_bytes() {
    for mode in [ForEachMode::Product, ForEachMode::Zip] {
        let plan = plan(Some(mode), false, None);
        let (many, first) = parent("p");
        let (_few, second) = parent("q");
        for _ in 0..100 {
            many.try_send(page(&["0123456789"; 10])).unwrap();
        }
        let mut parents = Parents::new(&"c".into(), vec![first, second], (&plan, &[0]), 4096);
        let error = parents
            .next(&AtMost(0))
            .now_or_never()
            .unwrap()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the rows of `p` that wait to be combined for resource `c` take more than 4096 bytes"
        );
    }
}

#[test]
fn the_rows_of_one_parent_are_taken_page_by_page() {
    let (sender, inlet) = parent("p");
    for _ in 0..1000 {
        sender.try_send(page(&["1"; 1000])).unwrap();
    }
    let mut parents = Parents::new(
        &"c".into(),
        vec![inlet],
        (&plan(None, false, None), &[0]),
        1,
    );
    let mut taken = 0;
    while sender.capacity() < 1000 {
        let before = sender.capacity();
        let rows = parents.next(&AtMost(0)).now_or_never().unwrap().unwrap();
        taken += rows.unwrap().len();
        assert_eq!(
            sender.capacity(),
            before + 1,
            "one page waits for each call"
        );
    }
    assert_eq!(taken, 1_000_000);
}

fn pages_of(count: usize, cuts: &[usize]) -> Vec<Vec<String>> {
    let mut pages = vec![Vec::new()];
    for at in 0..count {
        if cuts.contains(&at) {
            pages.push(Vec::new());
        }
        pages.last_mut().unwrap().push(at.to_string());
    }
    pages
}

proptest! {
    /// How the rows come in pages decides nothing.
    #[test]
    fn any_split_into_pages_gives_the_same_rows(
        (first, second) in (0_usize..12, 0_usize..12),
        cuts in proptest::collection::vec(0_usize..12, 0..4),
        others in proptest::collection::vec(0_usize..12, 0..4),
    ) {
        let inlets = |cuts: &[usize], others: &[usize]| -> Vec<Inlet> {
            let sides = [("p", pages_of(first, cuts)), ("q", pages_of(second, others))];
            sides.into_iter().map(|(name, pages)| {
                let (sender, inlet) = parent(name);
                for rows in pages {
                    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
                    sender.try_send(page(&rows)).unwrap();
                }
                inlet
            }).collect()
        };
        for mode in [ForEachMode::Product, ForEachMode::Zip] {
            let plan = plan(Some(mode), false, None);
            let whole = rows(inlets(&[], &[]), &plan).map_err(|error| error.to_string());
            let split = rows(inlets(&cuts, &others), &plan).map_err(|error| error.to_string());
            prop_assert_eq!(whole, split);
        }
    }
}

/// Joins rows by their first value.
fn join(parents: &[&str]) -> ForEachPlan {
    let field = |parent: &&str| apiduct_config::plan::JoinField {
        tap: apiduct_config::template::Tap {
            parent: (*parent).into(),
            field: "id".into(),
            selector: apiduct_json::Selector::root(),
        },
        at: 0,
    };
    ForEachPlan {
        join: parents.iter().map(field).collect(),
        ..plan(Some(ForEachMode::Join), false, None)
    }
}

#[test]
fn a_join_takes_each_row_with_those_of_its_value() {
    let inlets = complete(&[&[&["1", "2"], &["3", "1"]], &[&["1", "3"], &["3", "9"]]]);
    assert_eq!(
        rows(inlets, &join(&["p", "q"])).unwrap(),
        ["1.1", "3.3", "3.3", "1.1"]
    );
    let three = complete(&[&[&["1", "2"]], &[&["2", "1"]], &[&["2", "2"]]]);
    assert_eq!(
        rows(three, &join(&["p", "q", "r"])).unwrap(),
        ["2.2.2", "2.2.2"]
    );
    let nothing = complete(&[&[&["1"]], &[]]);
    assert!(rows(nothing, &join(&["p", "q"])).unwrap().is_empty());
}

#[test]
fn a_join_waits_for_the_inner_parents_and_goes_on_behind_rows_without_a_match() {
    let ((first, outer), (second, inner)) = (parent("p"), parent("q"));
    let plan = join(&["p", "q"]);
    let mut parents = Parents::new(&"c".into(), vec![outer, inner], (&plan, &[0]), 1 << 20);
    let maker = AtMost(1);
    first.try_send(page(&["7", "8"])).unwrap();
    second.try_send(page(&["1"])).unwrap();
    assert!(parents.next(&maker).now_or_never().is_none());
    drop(second);
    assert!(
        parents.next(&maker).now_or_never().is_none(),
        "no row has a match so far"
    );
    first.try_send(page(&["1"])).unwrap();
    let rows = parents
        .next(&maker)
        .now_or_never()
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(rows.iter().map(shown).collect::<Vec<_>>(), ["1.1"]);
    drop(first);
    assert!(
        parents
            .next(&maker)
            .now_or_never()
            .unwrap()
            .unwrap()
            .is_none()
    );
}

#[test]
fn null_is_joined_with_nothing_and_a_missing_field_is_an_error() {
    let null = Captured::Scalar(Scalar::Null);
    let run = |value: &Captured| {
        let ((first, outer), (second, inner)) = (parent("p"), parent("q"));
        first.try_send(vec![vec![value.clone()]].into()).unwrap();
        second.try_send(vec![vec![null.clone()]].into()).unwrap();
        drop((first, second));
        rows(vec![outer, inner], &join(&["p", "q"]))
    };
    assert!(run(&null).unwrap().is_empty());
    assert_eq!(
        run(&Captured::Absent).unwrap_err().to_string(),
        "resource `c` needs field `p.id` of its parent's record, and it is not there"
    );
}

#[test]
fn the_rows_of_a_join_are_bounded() {
    let inlets = complete(&[&[&["1"]], &[&["1", "2", "3"]]]);
    let plan = join(&["p", "q"]);
    let mut parents = Parents::new(&"c".into(), inlets, (&plan, &[0]), 300);
    assert!(matches!(
        all(&mut parents, 1),
        Err(RunError::TooManyWaiting { .. })
    ));
}
