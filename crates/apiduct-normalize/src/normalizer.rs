mod stepped;

use apiduct_json::{Kind, Parser, Part, Records, SyntaxError};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{Scalar, Schema, SnakeCase, TableName, TableSchema};
use apiduct_steps::Runner;
use indexmap::IndexMap;

use crate::dispatch::Dispatcher;
use crate::error::NormalizeError;
use crate::gate::{GateReport, Judge, Refusal, Verdict};
use crate::options::Options;
use crate::required::Required;
use crate::tap::{TapGap, TapRow};
use crate::walk::{Stop, Walker};

/// How often the builders are weighed on the way to the bound of a batch.
const WEIGHINGS: usize = 16;

/// Bytes of records that are taken at once: Arrow counts the text of a column in 31 bits.
const LARGEST_PART: usize = 1 << 30;

/// Turns the records of one resource into the rows of its tables.
///
/// A record is a transaction: when it cannot be read, all builders go back to where it began. Batches are
/// *physical* (see [`apiduct_model::arrow`]): a later one may have more or wider columns than an earlier one, and the
/// schema that [`Normalizer::finish`] gives holds for all of them.
#[derive(Debug)]
pub struct Normalizer {
    walker: Walker,
    /// Columns that are filled with one value per page.
    constants: Vec<usize>,
    complete: Vec<TableBatch>,
    rows: u64,
    /// Rows of each table before the record at hand.
    marks: Vec<usize>,
    /// Decides which records are wanted.
    judge: Option<Judge>,
    /// Tapped rows before it.
    tapped_mark: usize,
    /// What no record may lack.
    required: Required,
    /// Bytes of records since the size of the builders was last looked at.
    unweighed: usize,
    /// Which table a record goes to; `None` on the common road.
    dispatcher: Option<Dispatcher>,
    /// The user's steps; `None` on the common road.
    steps: Option<Runner>,
}

impl Normalizer {
    /// A normalizer without rows.
    ///
    /// # Errors
    /// [`NormalizeError`] when two of [`Options::constants`] have one name or a name is reserved.
    pub fn try_new(options: Options) -> Result<Self, NormalizeError> {
        let names = options.constants.clone();
        let gate = options.gate.clone();
        let normalized = names.iter().map(|name| SnakeCase::path(name)).collect();
        let judge = gate.map(|gate| Judge::new(gate, normalized));
        let steps = (!options.steps.is_empty()).then(|| Runner::new(options.steps.clone()));
        let required = Required::new(&options.required);
        let dispatcher = options.dispatch.as_ref().map(Dispatcher::new);
        let mut walker = Walker::new(options);
        let constants = constant_columns(&mut walker, 0, steps.is_some())?;
        Ok(Self {
            walker,
            constants,
            complete: Vec::new(),
            rows: 0,
            marks: Vec::new(),
            judge,
            tapped_mark: 0,
            required,
            unweighed: 0,
            dispatcher,
            steps,
        })
    }

    /// Has the next record go to the table that it names.
    fn direct(&mut self, record: &str, index: usize) -> Result<(), NormalizeError> {
        let Some(dispatcher) = &mut self.dispatcher else {
            return Ok(());
        };
        let (walker, has_steps) = (&mut self.walker, self.steps.is_some());
        let root = dispatcher.table(record, index, |name| {
            let (root, is_new) = walker.root(name)?;
            if is_new {
                constant_columns(walker, root, has_steps)?;
            }
            Ok(root)
        })?;
        if root != self.walker.root {
            self.required = Required::new(&self.walker.options.required);
            self.walker.root = root;
        }
        Ok(())
    }

    /// Reads the records of a page. `constants` are the values of [`Options::constants`] for all of them.
    ///
    /// # Errors
    /// [`NormalizeError`] for the first record that cannot become a row; the records before it stay.
    pub fn push(&mut self, records: &Records, constants: &[Scalar]) -> Result<(), NormalizeError> {
        if let Some(mut steps) = self.steps.take() {
            let outcome = self.push_stepped(&mut steps, records, constants);
            self.steps = Some(steps);
            return outcome;
        }
        let mut index = 0;
        for part in records.parts() {
            match bounded(part?)? {
                Part::One(text) => {
                    let mut parser = Parser::new(text);
                    self.record(&mut parser, text, constants, index)?;
                    index += 1;
                }
                Part::Elements(text) => {
                    let mut parser = Parser::elements(text);
                    while at_record(parser.next_element(), index)? {
                        self.record(&mut parser, text, constants, index)?;
                        index += 1;
                    }
                }
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        parser: &mut Parser<'_>,
        page: &str,
        constants: &[Scalar],
        index: usize,
    ) -> Result<(), NormalizeError> {
        let begin = parser.offset();
        self.row(parser, page, constants, index)?;
        self.flush_if_full(parser.offset() - begin);
        Ok(())
    }

    /// Reads a record into a row; when that fails, or it is not wanted, all builders go back to where it began.
    fn row(
        &mut self,
        parser: &mut Parser<'_>,
        page: &str,
        constants: &[Scalar],
        index: usize,
    ) -> Result<(), NormalizeError> {
        let begin = parser.offset();
        let mut start = parser.clone();
        if self.dispatcher.is_some() {
            let record = at_record(start.clone().skip(), index)?;
            self.direct(record, index)?;
        }
        self.mark();
        let text = self.walker.taps.needs_text().then(|| start.clone().skip());
        let outcome = match self.walker.record(parser) {
            Err(Stop::DuplicateKey) => {
                self.roll_back();
                let text = at_record(start.skip(), index)?;
                let unique = at_record(without_duplicates(text), index)?;
                *parser = start;
                self.walker.record(&mut Parser::new(&unique))
            }
            outcome => outcome,
        };
        match outcome {
            Ok(row) => {
                let record = page.get(begin..parser.offset()).unwrap_or_default();
                match self.judge(record, constants, index) {
                    Ok(Verdict::Keep) => {}
                    Ok(Verdict::Drop) => {
                        self.roll_back();
                        return Ok(());
                    }
                    Err(error) => {
                        self.roll_back();
                        return Err(error);
                    }
                }
                self.fill(row, constants);
                if let Err(key) = self
                    .required
                    .check(&self.walker.tables[self.walker.root], row)
                {
                    let key = key.to_owned();
                    self.roll_back();
                    return Err(NormalizeError::NoKey { record: index, key });
                }
                if let (Some(text), Some(tapped)) = (text, self.walker.tapped.last_mut()) {
                    self.walker.taps.look(at_record(text, index)?, tapped)?;
                }
                self.walker.note_gaps(record);
                self.rows += 1;
                Ok(())
            }
            Err(stop) => {
                self.roll_back();
                Err(match stop {
                    Stop::Failed(error) => *error,
                    Stop::Syntax(source) => NormalizeError::Syntax {
                        record: index,
                        source,
                    },
                    Stop::DuplicateKey => {
                        unreachable!("duplicates have been taken out of the record")
                    }
                })
            }
        }
    }

    /// Whether the record that was just read is wanted.
    fn judge(
        &mut self,
        record: &str,
        constants: &[Scalar],
        index: usize,
    ) -> Result<Verdict, NormalizeError> {
        let (Some(judge), Some(watch)) = (&mut self.judge, &self.walker.watch) else {
            return Ok(Verdict::Keep);
        };
        watch.look(record, &mut self.walker.watched)?;
        let verdict = judge.judge(&self.walker.watched, record, constants);
        verdict.map_err(|refusal| {
            let gate = self.walker.options.gate.as_ref();
            let path = gate.map(|gate| gate.cursor.as_str().to_owned());
            let (record, path) = (index, path.unwrap_or_default());
            match refusal {
                Refusal::Missing => NormalizeError::NoCursor { record, path },
                Refusal::NotScalar => NormalizeError::CursorKind { record, path },
                Refusal::Cursor(source) => NormalizeError::Cursor {
                    record,
                    path,
                    source,
                },
            }
        })
    }

    /// The records that are pushed from here on belong to `walk`: a digest of what tells the pages of one record of the
    /// parent from those of another. Only the gate cares.
    pub fn enter(&mut self, walk: u64) {
        if let Some(judge) = &mut self.judge {
            judge.enter(walk);
        }
    }

    /// What the gate has seen, once all records are pushed; `None` without a gate. The gate is open from here on.
    pub fn take_gate_report(&mut self) -> Option<GateReport> {
        self.judge.take().map(Judge::report)
    }

    fn fill(&mut self, row: usize, constants: &[Scalar]) {
        for (column, value) in self.constants.iter().zip(constants) {
            let builder = &mut self.walker.tables[self.walker.root].columns[*column];
            match value {
                Scalar::Null => {}
                Scalar::Bool(value) => builder.push_bool(row, *value),
                Scalar::Number(text) => match Parser::new(text).number() {
                    Ok(number) => builder.push_number(row, number),
                    Err(_) => builder.push_text(row, text),
                },
                Scalar::Text(text) => builder.push_text(row, text),
            }
        }
    }

    /// Remembers where a record begins.
    fn mark(&mut self) {
        self.marks.clear();
        self.marks
            .extend(self.walker.tables.iter().map(|table| table.rows));
        self.tapped_mark = self.walker.tapped.len();
    }

    fn roll_back(&mut self) {
        let marks = self.marks.iter().copied().chain(std::iter::repeat(0));
        for (table, rows) in self.walker.tables.iter_mut().zip(marks) {
            table.truncate(rows);
        }
        self.walker.tapped.truncate(self.tapped_mark);
    }

    /// Completes a batch at its bound. Adding up bytes touches every column, so it is done once per so many bytes read.
    fn flush_if_full(&mut self, record_bytes: usize) {
        let options = &self.walker.options;
        let (batch_rows, batch_bytes) = (options.batch_rows, options.batch_bytes);
        self.unweighed += record_bytes;
        let is_heavy = self.unweighed >= batch_bytes / WEIGHINGS && {
            self.unweighed = 0;
            self.byte_len() >= batch_bytes
        };
        if is_heavy || self.walker.tables[self.walker.root].rows >= batch_rows {
            self.unweighed = 0;
            self.flush();
        }
    }

    /// Bytes that the rows since the last flush take.
    pub fn byte_len(&self) -> usize {
        self.walker
            .tables
            .iter()
            .map(crate::table::TableBuilder::byte_len)
            .sum()
    }

    /// Records read so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows of the root tables so far: the records that were not dropped.
    pub fn kept(&self) -> u64 {
        let tables = self.walker.tables.iter();
        let roots = tables.filter(|table| table.parent.is_none());
        roots.map(|root| root.flushed + root.rows as u64).sum()
    }

    /// Records that steps have dropped so far, by the word of the step.
    pub fn dropped(&self) -> IndexMap<&'static str, u64> {
        let dropped = self.steps.as_ref().map(Runner::dropped);
        dropped.cloned().unwrap_or_default()
    }

    /// Completes the batches of all tables, however small.
    pub fn flush(&mut self) {
        let Walker {
            tables, options, ..
        } = &mut self.walker;
        for table in tables {
            if let Some(batch) = table.flush(&options.system, &options.load_id) {
                self.complete.push(TableBatch {
                    table: table.name.clone(),
                    batch,
                });
            }
        }
    }

    /// The batches completed since this was last called, a table before its nested tables.
    pub fn take_batches(&mut self) -> Vec<TableBatch> {
        std::mem::take(&mut self.complete)
    }

    /// The tapped values of the records since this was last called, one row per record.
    pub fn take_taps(&mut self) -> Vec<TapRow> {
        std::mem::take(&mut self.walker.tapped)
    }

    /// The fields of the first record in which a tap found nothing, for each such tap, since this was last called. A tap
    /// is told of once, so that records without optional fields cost nothing.
    pub fn take_tap_gaps(&mut self) -> Vec<TapGap> {
        std::mem::take(&mut self.walker.taps.gaps)
    }

    /// The tables as they are known so far, root table first. Columns that have only been null are left out.
    pub fn schema(&self) -> Schema {
        let options = &self.walker.options;
        let mut root = TableSchema::root(
            options.table.clone(),
            options.resource.clone(),
            options.write_disposition,
        );
        root.primary_key = options
            .primary_key
            .iter()
            .map(|key| SnakeCase::path(key).into())
            .collect();
        root.merge = options.merge.clone();
        let mut schema = Schema::default();
        for table in &self.walker.tables {
            // Where records name their tables, there is one for each name, and only by chance one by the resource's.
            if self.dispatcher.is_some() && table.flushed == 0 && table.rows == 0 {
                continue;
            }
            let described = match table.parent {
                None => TableSchema {
                    name: table.name.clone(),
                    ..root.clone()
                },
                Some(parent) => {
                    let mut nested = root.nested(table.name.clone());
                    nested.parent = Some(self.walker.tables[parent].name.clone());
                    nested
                }
            };
            schema.insert(table.describe(described, &options.system));
        }
        schema
    }

    /// Columns that have had no value, and so no type, as table and path in the source.
    pub fn untyped(&self) -> Vec<(TableName, String)> {
        let of_table = |table: &crate::table::TableBuilder| {
            let untyped = table
                .columns
                .iter()
                .filter(|column| column.schema().is_none());
            untyped
                .map(|column| (table.name.clone(), column.source.clone()))
                .collect::<Vec<_>>()
        };
        self.walker.tables.iter().flat_map(of_table).collect()
    }

    /// The last batches and the schema of all batches.
    pub fn finish(mut self) -> (Vec<TableBatch>, Schema) {
        self.flush();
        (self.take_batches(), self.schema())
    }
}

/// The columns of a new root table that the caller fills: the first ones, so that they have the same places in each.
fn constant_columns(
    walker: &mut Walker,
    root: usize,
    has_steps: bool,
) -> Result<Vec<usize>, NormalizeError> {
    // Steps get them as fields of the record, and may take them away.
    let names = walker.options.constants.clone();
    let names = names.into_iter().filter(|_| !has_steps);
    names
        .map(|name| walker.column(root, &SnakeCase::path(&name), name))
        .collect()
}

/// Arrow could not hold a part that is too large.
fn bounded(part: Part<'_>) -> Result<Part<'_>, NormalizeError> {
    match part {
        Part::One(text) | Part::Elements(text) if text.len() > LARGEST_PART => {
            Err(NormalizeError::TooLarge {
                bytes: text.len(),
                limit: LARGEST_PART,
            })
        }
        part => Ok(part),
    }
}

fn at_record<T>(result: Result<T, SyntaxError>, record: usize) -> Result<T, NormalizeError> {
    result.map_err(|source| NormalizeError::Syntax { record, source })
}

/// The same document with each key of an object once: the last value wins, in the place of the first.
fn without_duplicates(text: &str) -> Result<String, SyntaxError> {
    let mut out = String::with_capacity(text.len());
    unique_value(&mut Parser::new(text), &mut out)?;
    Ok(out)
}

fn unique_value(parser: &mut Parser<'_>, out: &mut String) -> Result<(), SyntaxError> {
    match parser.kind()? {
        Kind::Object => {
            let mut members: indexmap::IndexMap<String, String> = indexmap::IndexMap::new();
            parser.begin_object()?;
            while let Some(key) = parser.next_key()? {
                let key = key.unescape(&mut String::new())?.to_owned();
                let mut value = String::new();
                unique_value(parser, &mut value)?;
                members.insert(key, value);
            }
            let mut separator = '{';
            for (key, value) in members {
                out.push(std::mem::replace(&mut separator, ','));
                out.push_str(&serde_json::Value::from(key).to_string());
                out.push(':');
                out.push_str(&value);
            }
            out.push_str(if separator == '{' { "{}" } else { "}" });
        }
        Kind::List => {
            parser.begin_list()?;
            let mut separator = '[';
            while parser.next_element()? {
                out.push(std::mem::replace(&mut separator, ','));
                unique_value(parser, out)?;
            }
            out.push_str(if separator == '[' { "[]" } else { "]" });
        }
        _ => out.push_str(parser.skip()?),
    }
    Ok(())
}
