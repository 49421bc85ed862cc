//! Places in a JSON text, by the kind of byte before which it breaks off.

/// Where in a JSON body something breaks, by the kind of byte around it.
///
/// ```
/// use apiduct_testkit::Place;
///
/// let page = br#"[{"id": 10, "text": "a\nb"}, {"id": 20, "text": ""}]"#;
/// assert!(page[..Place::Escape.find(page, 0)].ends_with(br#""a\"#));
/// for place in Place::ALL {
///     let cut = &page[..place.find(page, 7)];
///     assert!(serde_json::from_slice::<serde_json::Value>(cut).is_err(), "{place:?}");
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Within the name of a field.
    Key,
    /// Within a text value.
    Text,
    /// Right after the backslash of an escape.
    Escape,
    /// Within a number of two characters or more.
    Number,
    /// After the comma between two objects of a list.
    BetweenRecords,
    /// Before the last closing bracket.
    BeforeEnd,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Key,
        Self::Text,
        Self::Escape,
        Self::Number,
        Self::BetweenRecords,
        Self::BeforeEnd,
    ];

    /// How many bytes of `json` lie before such a place; one of several by `draw`. The middle where there is none.
    pub fn find(self, json: &[u8], draw: u64) -> usize {
        let mut found = Found::default();
        found.read(json);
        let places = match self {
            Self::Key => &found.keys,
            Self::Text => &found.texts,
            Self::Escape => &found.escapes,
            Self::Number => &found.numbers,
            Self::BetweenRecords => &found.between,
            Self::BeforeEnd => &found.end,
        };
        let index = usize::try_from(draw % (places.len() as u64).max(1)).unwrap_or_default();
        places.get(index).copied().unwrap_or(json.len() / 2)
    }
}

/// All commas and colons of `json` outside of texts.
pub(super) fn separators(json: &[u8]) -> Vec<usize> {
    let mut found = Found::default();
    found.read(json);
    found.separators
}

#[derive(Default)]
struct Found {
    keys: Vec<usize>,
    texts: Vec<usize>,
    escapes: Vec<usize>,
    numbers: Vec<usize>,
    between: Vec<usize>,
    end: Vec<usize>,
    separators: Vec<usize>,
}

impl Found {
    fn read(&mut self, json: &[u8]) {
        let mut open = Vec::new();
        let mut last = b' ';
        let mut at = 0;
        while let Some(byte) = json.get(at).copied() {
            let begin = at;
            at += 1;
            match byte {
                b'"' => at = self.text(json, begin),
                b'-' | b'0'..=b'9' => at = self.number(json, begin),
                b'[' | b'{' => open.push(byte),
                b']' | b'}' => {
                    open.pop();
                    self.end = vec![begin];
                }
                b':' | b',' => {
                    self.separators.push(begin);
                    if byte == b',' && last == b'}' && open.last() == Some(&b'[') {
                        self.between.push(at);
                    }
                }
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                last = byte;
            }
        }
    }

    /// Reads a text from its first quote on; gives the place after its last.
    fn text(&mut self, json: &[u8], begin: usize) -> usize {
        let mut at = begin + 1;
        while let Some(byte) = json.get(at) {
            match byte {
                b'\\' => {
                    self.escapes.push(at + 1);
                    at += 1;
                }
                b'"' => break,
                _ => {}
            }
            at += 1;
        }
        let after = (at + 1).min(json.len());
        let is_key = json[after..].trim_ascii_start().starts_with(b":");
        let places = if is_key {
            &mut self.keys
        } else {
            &mut self.texts
        };
        places.push(begin + (at - begin).div_ceil(2));
        after
    }

    fn number(&mut self, json: &[u8], begin: usize) -> usize {
        let length = json[begin..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
            .count();
        if length > 1 {
            self.numbers.push(begin + length / 2);
        }
        begin + length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &[u8] =
        br#"{"data": [{"id": 10, "t": "a\"b"}, {"id": 20, "t": "\u00e4"}], "next": null}"#;

    fn cuts(place: Place) -> Vec<String> {
        let mut cuts: Vec<String> = (0..9)
            .map(|draw| String::from_utf8(PAGE[..place.find(PAGE, draw)].to_vec()).unwrap())
            .collect();
        cuts.sort();
        cuts.dedup();
        cuts
    }

    #[test]
    fn each_place_is_what_its_name_says() {
        assert!(cuts(Place::Key).iter().all(|cut| cut.ends_with('d')
            || cut.ends_with("\"i")
            || cut.ends_with('"')
            || cut.ends_with("\"ne")
            || cut.ends_with("\"da")));
        assert_eq!(cuts(Place::Key).len(), 6);
        assert!(
            cuts(Place::Text)[0].ends_with(r#""a\"#) || cuts(Place::Text)[0].ends_with(r#""a"#)
        );
        assert!(cuts(Place::Escape).iter().all(|cut| cut.ends_with('\\')));
        assert_eq!(cuts(Place::Escape).len(), 2);
        assert!(
            cuts(Place::Number)
                .iter()
                .all(|cut| cut.ends_with(": 1") || cut.ends_with(": 2"))
        );
        assert_eq!(
            cuts(Place::BetweenRecords),
            [r#"{"data": [{"id": 10, "t": "a\"b"},"#]
        );
        assert_eq!(cuts(Place::BeforeEnd)[0].len(), PAGE.len() - 1);
    }

    #[test]
    fn a_cut_anywhere_breaks_the_text() {
        for place in Place::ALL {
            for cut in cuts(place) {
                let whole = serde_json::from_str::<serde_json::Value>(&cut);
                assert!(whole.is_err(), "{place:?}: {cut}");
            }
        }
    }

    #[test]
    fn without_such_a_place_the_middle_is_taken() {
        assert_eq!(Place::Escape.find(b"[1, 2, 3]", 5), 4);
        assert_eq!(Place::BeforeEnd.find(b"", 0), 0);
    }

    #[test]
    fn separators_in_texts_do_not_count() {
        assert_eq!(separators(br#"{"a:,": 1, "b": 2}"#), [6, 9, 14]);
    }
}
