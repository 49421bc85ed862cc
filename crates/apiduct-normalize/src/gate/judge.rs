use std::collections::{HashMap, HashSet};

use apiduct_model::Scalar;
use apiduct_model::cursor::{CursorError, CursorFormat, CursorKey, CursorType, RawCursor};

use super::digest::Digests;
use super::{Gate, GateReport, GateStart, MissingCursor, Reached, Skipped};
use crate::watch::Watched;

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    Drop,
}

/// Why a record cannot be judged.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It has no cursor.
    Missing,
    /// Its cursor is a boolean, a list or an object.
    NotScalar,
    /// Its cursor has another type.
    Cursor(CursorError),
}

/// A [`Gate`] at work.
#[derive(Debug)]
pub(crate) struct Judge {
    gate: Gate,
    format: Option<CursorFormat>,
    end: Option<Key>,
    digests: Option<Digests>,
    /// Which walk the records belong to.
    walk: u64,
    /// The group of that walk, or of all walks.
    current: Group,
    /// The groups of the other walks.
    others: HashMap<u64, Group>,
    skipped: Skipped,
}

/// A key that outlives its text.
#[derive(Debug, Clone, Default, PartialEq)]
struct Key {
    number: i128,
    /// Set for cursors that are texts.
    text: Option<String>,
}

/// Records with one start and one farthest cursor.
#[derive(Debug, Default)]
struct Group {
    is_entered: bool,
    /// The bounds as they are given, until the first record says what they are.
    from: Option<GateStart>,
    start: Option<Key>,
    known: HashSet<u64>,
    last: Option<Key>,
    /// The farthest cursor as the API wrote it.
    raw: Option<Scalar>,
    raw_text: String,
    raw_is_number: bool,
    seen: HashSet<u64>,
    /// The one record that has brought the farthest cursor and has no digest yet.
    pending: String,
    pending_constants: Vec<Scalar>,
    pending_walk: u64,
    has_pending: bool,
    unseen: u64,
}

impl Judge {
    pub(crate) fn new(gate: Gate, constants: Vec<String>) -> Self {
        let digests = gate.key.clone().map(|keys| Digests::new(keys, constants));
        let current = Group::from(gate.start.clone());
        Self {
            format: gate.cursor_type.map(|known| gate.format_as(known)),
            end: None,
            digests,
            walk: 0,
            current,
            others: HashMap::new(),
            skipped: Skipped::default(),
            gate,
        }
    }

    /// The records that follow belong to `walk`.
    pub(crate) fn enter(&mut self, walk: u64) {
        if self.walk == walk && self.current.is_entered {
            return;
        }
        if let Some(walks) = &mut self.gate.walks {
            let next = self.others.remove(&walk).unwrap_or_else(|| {
                let own = walks.remove(&walk);
                Group::from(own.unwrap_or_else(|| self.gate.start.clone()))
            });
            let before = std::mem::replace(&mut self.current, next);
            if before.is_entered {
                self.others.insert(self.walk, before);
            }
        }
        self.current.is_entered = true;
        self.walk = walk;
    }

    /// Whether `record`, whose cursor is `found`, is wanted.
    pub(crate) fn judge(
        &mut self,
        found: &Watched,
        record: &str,
        constants: &[Scalar],
    ) -> Result<Verdict, Refusal> {
        let raw = match found.raw() {
            Some(raw) => raw,
            None if found.is_other() => return Err(Refusal::NotScalar),
            None => return self.without_cursor(),
        };
        if self.format.is_none() {
            self.format = Some(self.gate.format_as(CursorType::infer(raw)));
        }
        let format = self.format.as_ref().expect("it was set above");
        if self.end.is_none()
            && let Some(end) = &self.gate.end
        {
            self.end = key_of(format, end).map_err(Refusal::Cursor)?;
        }
        let group = &mut self.current;
        group.begin(format).map_err(Refusal::Cursor)?;
        let key = format.key(raw).map_err(Refusal::Cursor)?;
        let falls = self.gate.falls;
        if let Some(end) = &self.end {
            let order = end.order_of(key, falls);
            if order.is_gt() || (order.is_eq() && !self.gate.is_end_closed) {
                self.skipped.after_end += 1;
                return Ok(Verdict::Drop);
            }
        }
        if let Some(start) = &group.start {
            let order = start.order_of(key, falls);
            if order.is_lt() || (order.is_eq() && !self.gate.is_start_closed) {
                self.skipped.before_start += 1;
                return Ok(Verdict::Drop);
            }
            let is_known = order.is_eq()
                && self.digests.as_ref().is_some_and(|digests| {
                    group
                        .known
                        .contains(&digests.of(record, constants, self.walk))
                });
            if is_known {
                self.skipped.already_loaded += 1;
                return Ok(Verdict::Drop);
            }
        }
        let limit = self.gate.seen_limit;
        let of = (record, constants, self.walk);
        group.fold(key, raw, falls, of, self.digests.as_ref(), limit);
        Ok(Verdict::Keep)
    }

    fn without_cursor(&mut self) -> Result<Verdict, Refusal> {
        match self.gate.missing {
            MissingCursor::Raise => Err(Refusal::Missing),
            MissingCursor::Include => Ok(Verdict::Keep),
            MissingCursor::Exclude => {
                self.skipped.cursor_missing += 1;
                Ok(Verdict::Drop)
            }
        }
    }

    pub(crate) fn report(mut self) -> GateReport {
        let limit = self.gate.seen_limit;
        let digests = self.digests.as_ref();
        let mut report = GateReport {
            cursor_type: self.format.map(|format| format.cursor_type),
            skipped: self.skipped,
            ..GateReport::default()
        };
        if self.gate.walks.is_none() {
            report.reached = self.current.reached(digests, limit);
            return report;
        }
        if self.current.is_entered {
            self.others.insert(self.walk, self.current);
        }
        let walks = self.others.into_iter();
        report.walks = walks
            .map(|(walk, group)| (walk, group.reached(digests, limit)))
            .collect();
        report
    }
}

fn key_of(format: &CursorFormat, value: &Scalar) -> Result<Option<Key>, CursorError> {
    let Some(raw) = RawCursor::of(value) else {
        return Ok(None);
    };
    let mut key = Key::default();
    key.set(format.key(raw)?);
    Ok(Some(key))
}

impl Key {
    fn set(&mut self, key: CursorKey<'_>) {
        match key {
            CursorKey::Number(number) => {
                self.number = number;
                self.text = None;
            }
            CursorKey::Text(text) => {
                let own = self.text.get_or_insert_default();
                own.clear();
                own.push_str(text);
            }
        }
    }

    /// Where `key` stands seen from here: greater is later.
    fn order_of(&self, key: CursorKey<'_>, falls: bool) -> std::cmp::Ordering {
        let own = match &self.text {
            Some(text) => CursorKey::Text(text),
            None => CursorKey::Number(self.number),
        };
        let order = key.cmp(&own);
        if falls { order.reverse() } else { order }
    }
}

impl Group {
    fn from(from: GateStart) -> Self {
        Self {
            from: Some(from),
            ..Self::default()
        }
    }

    /// Reads the bounds, once it is known what they are.
    fn begin(&mut self, format: &CursorFormat) -> Result<(), CursorError> {
        let Some(from) = self.from.take() else {
            return Ok(());
        };
        if let Some(start) = &from.start {
            self.start = key_of(format, start)?;
        }
        if let Some(last) = from.last {
            self.last = key_of(format, &last)?;
            self.raw = Some(last);
        }
        self.seen = from.seen.into_iter().collect();
        if from.knows_start {
            self.known.clone_from(&self.seen);
        }
        Ok(())
    }

    /// Takes note of a record that is kept.
    fn fold(
        &mut self,
        key: CursorKey<'_>,
        raw: RawCursor<'_>,
        falls: bool,
        (record, constants, walk): (&str, &[Scalar], u64),
        digests: Option<&Digests>,
        limit: usize,
    ) {
        let order = match &self.last {
            Some(last) => last.order_of(key, falls),
            None => std::cmp::Ordering::Greater,
        };
        if order.is_gt() {
            self.last.get_or_insert_default().set(key);
            self.raw = None;
            self.raw_is_number = matches!(raw, RawCursor::Number(_));
            self.raw_text.clear();
            self.raw_text.push_str(raw.text());
            self.seen.clear();
            self.unseen = 0;
            self.has_pending = digests.is_some();
            if self.has_pending {
                self.pending.clear();
                self.pending.push_str(record);
                self.pending_constants.clear();
                self.pending_constants.extend_from_slice(constants);
                self.pending_walk = walk;
            }
        } else if order.is_eq()
            && let Some(digests) = digests
        {
            self.settle(digests, limit);
            self.see(digests.of(record, constants, walk), limit);
        }
    }

    fn settle(&mut self, digests: &Digests, limit: usize) {
        if std::mem::take(&mut self.has_pending) {
            let digest = digests.of(&self.pending, &self.pending_constants, self.pending_walk);
            self.see(digest, limit);
        }
    }

    fn see(&mut self, digest: u64, limit: usize) {
        if self.seen.len() < limit {
            self.seen.insert(digest);
        } else if !self.seen.contains(&digest) {
            self.unseen += 1;
        }
    }

    fn reached(mut self, digests: Option<&Digests>, limit: usize) -> Reached {
        if let Some(from) = self.from {
            return Reached {
                last: from.last,
                seen: from.seen,
                unseen: 0,
            };
        }
        if let Some(digests) = digests {
            self.settle(digests, limit);
        }
        let last = self.raw.or_else(|| {
            self.last.as_ref()?;
            Some(if self.raw_is_number {
                RawCursor::Number(&self.raw_text).to_scalar()
            } else {
                RawCursor::Text(&self.raw_text).to_scalar()
            })
        });
        let mut seen: Vec<u64> = self.seen.into_iter().collect();
        seen.sort_unstable();
        Reached {
            last,
            seen,
            unseen: self.unseen,
        }
    }
}
