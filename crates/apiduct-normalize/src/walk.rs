//! The walk over a record: the parser drives the builders, key by key.

use apiduct_json::{Captured, Kind, NextKey, Parser, SyntaxError, Text};
use apiduct_model::{NameCollision, Scalar, SnakeCase};

use crate::column::ColumnBuilder;
use crate::error::NormalizeError;
use crate::options::Options;
use crate::shape::Shape;
use crate::table::TableBuilder;
use crate::tap::{TapRow, Taps};
use crate::watch::{WATCH, Watch, Watched};

/// The key under which a list inside a list, or a record that is a list, is kept.
const LIST_KEY: &str = "list";
/// The key under which a scalar inside a list, or a record that is a scalar, is kept.
const VALUE_KEY: &str = "value";

/// Why a walk stopped inside a record.
#[derive(Debug)]
pub(crate) enum Stop {
    Syntax(SyntaxError),
    /// An object has the same key twice.
    DuplicateKey,
    Failed(Box<NormalizeError>),
}

impl From<SyntaxError> for Stop {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<NormalizeError> for Stop {
    fn from(error: NormalizeError) -> Self {
        Self::Failed(Box::new(error))
    }
}

type Result<T = (), E = Stop> = std::result::Result<T, E>;

/// All tables of one resource under construction, and what is known about the keys of its records.
#[derive(Debug)]
pub(crate) struct Walker {
    pub(crate) options: Options,
    pub(crate) tables: Vec<TableBuilder>,
    /// The table of the next record.
    pub(crate) root: usize,
    shapes: Vec<Shape>,
    /// For each table, the normalized names on the way from the root table to it, joined.
    paths: Vec<String>,
    /// For each table, the shape of its rows.
    row_shapes: Vec<usize>,
    /// What is tapped in the records of each root table.
    root_taps: Vec<(usize, usize)>,
    /// Tapped values, one row per record since they were last taken.
    pub(crate) tapped: Vec<TapRow>,
    pub(crate) taps: Taps,
    pub(crate) watch: Option<Watch>,
    /// What the record has at the watched place.
    pub(crate) watched: Watched,
    scratch: String,
    /// Counts the objects met, to find duplicate keys.
    visits: u64,
}

impl Walker {
    pub(crate) fn new(options: Options) -> Self {
        let root = TableBuilder::new(options.table.clone(), None, &options.load_id);
        let served = Taps::new(&options.taps, &options);
        let watch = options
            .gate
            .as_ref()
            .map(|gate| Watch::new(&gate.cursor, &options));
        let watched = watch.iter().map(|_| (WATCH, 0));
        let taps: Vec<_> = (0..served.len())
            .map(|tap| (tap, 0))
            .chain(watched)
            .collect();
        Self {
            tables: vec![root],
            root: 0,
            shapes: vec![Shape::new(
                (0, 0),
                String::new(),
                String::new(),
                taps.clone(),
            )],
            root_taps: taps,
            paths: vec![String::new()],
            row_shapes: vec![0],
            tapped: Vec::new(),
            taps: served,
            watch,
            watched: Watched::default(),
            scratch: String::new(),
            visits: 0,
            options,
        }
    }

    /// Reads one record into a new row of the root table and gives its index.
    pub(crate) fn record(&mut self, parser: &mut Parser<'_>) -> Result<usize> {
        let row = self.tables[self.root].begin_row();
        self.watched.clear();
        if !self.taps.is_empty() {
            self.tapped.push(vec![Captured::Absent; self.taps.len()]);
        }
        self.row(parser, self.root, row)?;
        Ok(row)
    }

    /// Notes what `record`, which was read last, has in the place of tapped fields that are not there.
    pub(crate) fn note_gaps(&mut self, record: &str) {
        if let Some(row) = self.tapped.last() {
            self.taps.note_gaps(record, row, &self.options.taps);
        }
    }

    /// The root table called `name`, a new one if there is none yet; says whether it is new.
    pub(crate) fn root(&mut self, name: &str) -> Result<(usize, bool), NormalizeError> {
        let bad = |why| NormalizeError::BadTableName {
            table: name.into(),
            why,
        };
        if name.is_empty() || self.options.system.is_system(name) {
            return Err(bad("a name that is empty or reserved"));
        }
        if let Some(known) = self.tables.iter().position(|table| table.name == *name) {
            return match self.tables[known].parent {
                None => Ok((known, false)),
                Some(_) => Err(bad("which gets the elements of a list already")),
            };
        }
        self.has_room(name)?;
        let table = TableBuilder::new(name.into(), None, &self.options.load_id);
        self.tables.push(table);
        self.paths.push(String::new());
        let root = self.tables.len() - 1;
        let taps = self.root_taps.clone();
        self.shapes
            .push(Shape::new((root, 0), String::new(), String::new(), taps));
        self.row_shapes.push(self.shapes.len() - 1);
        Ok((root, true))
    }

    /// Whether one more table is allowed.
    fn has_room(&self, name: &str) -> Result<(), NormalizeError> {
        let limit = self.options.max_tables;
        if self.tables.len() >= limit {
            let table = name.into();
            return Err(NormalizeError::TooManyTables { table, limit });
        }
        Ok(())
    }

    /// Reads the value of a row: the record itself or an element of a list.
    fn row(&mut self, parser: &mut Parser<'_>, table: usize, row: usize) -> Result {
        let shape = self.row_shapes[table];
        let key = match parser.kind()? {
            Kind::Object => return self.object(parser, shape, row),
            Kind::List => LIST_KEY,
            _ => VALUE_KEY,
        };
        let slot = match self.shapes[shape].find(key) {
            Some(slot) => slot,
            None => self.add_slot(shape, key),
        };
        self.value(parser, shape, slot, row)
    }

    fn object(&mut self, parser: &mut Parser<'_>, shape: usize, row: usize) -> Result {
        parser.begin_object()?;
        self.visits += 1;
        let visit = self.visits;
        let mut guess = 0;
        loop {
            let next = match self.shapes[shape].slots.get(guess) {
                Some(guessed) => parser.next_key_or(&guessed.guess)?,
                None => parser.next_key()?.map_or(NextKey::End, NextKey::Other),
            };
            let slot = match next {
                NextKey::Guessed => guess,
                NextKey::Other(key) => self.slot(shape, key)?,
                NextKey::End => return Ok(()),
            };
            guess = slot + 1;
            let known = &mut self.shapes[shape].slots[slot];
            if known.visit == visit {
                return Err(Stop::DuplicateKey);
            }
            known.visit = visit;
            let plain = known.column.filter(|_| !known.is_special);
            match plain {
                Some(column) if self.plain_scalar(parser, shape, column, row)? => {}
                _ => self.value(parser, shape, slot, row)?,
            }
        }
    }

    /// Reads a scalar into a column that nobody else wants to hear of; `false` when the value is no scalar.
    #[inline]
    fn plain_scalar(
        &mut self,
        parser: &mut Parser<'_>,
        shape: usize,
        column: usize,
        row: usize,
    ) -> Result<bool> {
        let builder = &mut self.tables[self.shapes[shape].table].columns[column];
        match parser.kind()? {
            Kind::String => {
                let text = parser.string()?;
                if text.is_escaped {
                    builder.push_text(row, text.unescape(&mut self.scratch)?);
                } else {
                    builder.push_text(row, text.raw);
                }
            }
            Kind::Number => builder.push_number(row, parser.number()?),
            Kind::Bool => builder.push_bool(row, parser.bool()?),
            Kind::Null => parser.null()?,
            Kind::List | Kind::Object => return Ok(false),
        }
        Ok(true)
    }

    #[inline]
    fn slot(&mut self, shape: usize, key: Text<'_>) -> Result<usize> {
        if key.is_escaped {
            return self.escaped_slot(shape, key);
        }
        match self.shapes[shape].find(key.raw) {
            Some(slot) => Ok(slot),
            None => Ok(self.add_slot(shape, key.raw)),
        }
    }

    fn escaped_slot(&mut self, shape: usize, key: Text<'_>) -> Result<usize> {
        if let Some(slot) = self.shapes[shape].find_escaped(key.raw) {
            return Ok(slot);
        }
        let unescaped = key.unescape(&mut self.scratch)?.to_owned();
        let slot = match self.shapes[shape].find(&unescaped) {
            Some(slot) => slot,
            None => self.add_slot(shape, &unescaped),
        };
        self.shapes[shape].add_spelling(key.raw, slot);
        Ok(slot)
    }

    fn add_slot(&mut self, shape: usize, key: &str) -> usize {
        let ends_here = |(tap, step): &&(usize, usize)| {
            let keys = self.tap_keys(*tap);
            keys.len() == step + 1 && keys[*step] == *key
        };
        let mut ending = self.shapes[shape].taps.iter().filter(ends_here);
        let tap = ending.clone().find(|(tap, _)| *tap != WATCH);
        let tap = tap.map(|(tap, _)| *tap);
        let is_watched = ending.any(|(tap, _)| *tap == WATCH);
        self.shapes[shape].add(key, tap, is_watched)
    }

    /// The keys on the way to a tap, or to the watched value.
    fn tap_keys(&self, tap: usize) -> &[String] {
        if tap == WATCH {
            return self.watch.as_ref().map_or(&[], Watch::keys);
        }
        &self.taps.keys[tap]
    }

    fn value(&mut self, parser: &mut Parser<'_>, shape: usize, slot: usize, row: usize) -> Result {
        let kind = parser.kind()?;
        if self.shapes[shape].slots[slot].is_watched {
            self.watched.read(parser.clone())?;
        }
        if kind == Kind::Null {
            parser.null()?;
            self.tap(shape, slot, || Scalar::Null);
            return Ok(());
        }
        if matches!(kind, Kind::Object | Kind::List) && self.shapes[shape].slots[slot].tap.is_some()
        {
            self.tap_document(shape, slot, parser.clone().skip()?);
        }
        if let Some(column) = self.json_column(shape, slot)? {
            let table = self.shapes[shape].table;
            self.tables[table].columns[column].push_json(row, parser.skip()?);
            return Ok(());
        }
        let limit = self.options.max_table_nesting;
        let is_at_limit = limit.is_some_and(|limit| self.shapes[shape].level >= limit);
        match kind {
            Kind::Object | Kind::List if is_at_limit => self.document(parser, shape, slot, row),
            Kind::Object => {
                let child = self.child_shape(shape, slot);
                self.object(parser, child, row)
            }
            Kind::List => self.list(parser, shape, slot, row),
            _ => self.scalar(parser, kind, shape, slot, row),
        }
    }

    /// Keeps a list or an object as it was written: it is too deep to become columns or a table.
    #[cold]
    fn document(
        &mut self,
        parser: &mut Parser<'_>,
        shape: usize,
        slot: usize,
        row: usize,
    ) -> Result {
        let known = self.shapes[shape].slots[slot].column;
        let column = match known {
            None => self.add_column(shape, slot)?,
            known => known,
        };
        let text = parser.skip()?;
        let Some(column) = column else {
            return Ok(());
        };
        let builder = &mut self.tables[self.shapes[shape].table].columns[column];
        if builder.keep_documents() {
            builder.push_json(row, text);
            self.shapes[shape].slots[slot].is_special = true;
        } else {
            builder.push_text(row, text);
        }
        Ok(())
    }

    #[inline]
    fn scalar(
        &mut self,
        parser: &mut Parser<'_>,
        kind: Kind,
        shape: usize,
        slot: usize,
        row: usize,
    ) -> Result {
        let known = self.shapes[shape].slots[slot].column;
        let column = match known {
            None => self.add_column(shape, slot)?,
            known => known,
        };
        let Some(column) = column else {
            parser.skip()?;
            return Ok(());
        };
        let table = self.shapes[shape].table;
        let builder = &mut self.tables[table].columns[column];
        match kind {
            Kind::Bool => {
                let value = parser.bool()?;
                builder.push_bool(row, value);
                self.tap(shape, slot, || Scalar::Bool(value));
            }
            Kind::Number => {
                let number = parser.number()?;
                builder.push_number(row, number);
                self.tap(shape, slot, || Scalar::Number(number.text.into()));
            }
            _ => {
                let text = parser.string()?;
                let text = text.unescape(&mut self.scratch)?;
                builder.push_text(row, text);
                let tap = self.shapes[shape].slots[slot].tap;
                if let (Some(tap), Some(tapped)) = (tap, self.tapped.last_mut()) {
                    tapped[tap] = Captured::Scalar(Scalar::Text(text.into()));
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn tap(&mut self, shape: usize, slot: usize, value: impl FnOnce() -> Scalar) {
        if let (Some(tap), Some(row)) = (self.shapes[shape].slots[slot].tap, self.tapped.last_mut())
        {
            row[tap] = Captured::Scalar(value());
        }
    }

    fn tap_document(&mut self, shape: usize, slot: usize, text: &str) {
        if let (Some(tap), Some(row)) = (self.shapes[shape].slots[slot].tap, self.tapped.last_mut())
        {
            row[tap] = Captured::Json(text.into());
        }
    }

    fn list(&mut self, parser: &mut Parser<'_>, shape: usize, slot: usize, row: usize) -> Result {
        parser.begin_list()?;
        if !parser.next_element()? {
            return Ok(());
        }
        let nested = match self.shapes[shape].slots[slot].nested {
            Some(nested) => nested,
            None => self.add_table(shape, slot)?,
        };
        let parent = self.tables[self.shapes[shape].table].ordinal(row);
        let mut position = 0;
        loop {
            let row = self.tables[nested].begin_nested_row(parent, position);
            self.row(parser, nested, row)?;
            position += 1;
            if !parser.next_element()? {
                return Ok(());
            }
        }
    }

    /// Normalized path of a slot inside its record.
    fn path(&self, shape: usize, slot: usize) -> String {
        let shape = &self.shapes[shape];
        let name = SnakeCase::path(&shape.slots[slot].key);
        if shape.prefix.is_empty() {
            name
        } else {
            SnakeCase::join(&shape.prefix, &name)
        }
    }

    fn source(&self, shape: usize, slot: usize) -> String {
        self.shapes[shape].source_of(&self.shapes[shape].slots[slot].key)
    }

    /// The column of a slot that holds documents, because it is declared to or because it is too deep for more.
    fn json_column(&mut self, shape: usize, slot: usize) -> Result<Option<usize>> {
        let options = &self.options;
        let has_documents = !options.declared.is_empty()
            || !options.nested.is_empty()
            || options.max_table_nesting.is_some();
        if !has_documents {
            return Ok(None);
        }
        let known = &self.shapes[shape].slots[slot];
        let is_new = known.column.is_none() && known.child.is_none() && known.nested.is_none();
        let table = self.shapes[shape].table;
        if is_new && let Some(declared) = self.options.declared_at(&self.paths[table]) {
            let path = self.path(shape, slot);
            if declared.get(&path) == Some(&apiduct_model::DataType::Json) {
                return self.add_column(shape, slot);
            }
        }
        let column = self.shapes[shape].slots[slot].column;
        let builders = &self.tables[self.shapes[shape].table].columns;
        Ok(column.filter(|column| builders[*column].is_json()))
    }

    fn child_shape(&mut self, shape: usize, slot: usize) -> usize {
        if let Some(child) = self.shapes[shape].slots[slot].child {
            return child;
        }
        let (prefix, source) = (self.path(shape, slot), self.source(shape, slot));
        let key = &self.shapes[shape].slots[slot].key;
        let goes_on = |(tap, step): &(usize, usize)| {
            let keys = self.tap_keys(*tap);
            (keys.len() > step + 1 && keys[*step] == **key).then_some((*tap, step + 1))
        };
        let taps = self.shapes[shape].taps.iter().filter_map(goes_on).collect();
        let place = (self.shapes[shape].table, self.shapes[shape].level + 1);
        let child = Shape::new(place, prefix, source, taps);
        self.shapes.push(child);
        let child = self.shapes.len() - 1;
        self.shapes[shape].slots[slot].child = Some(child);
        child
    }

    /// The column of a slot; `None` where a value of the caller takes its place.
    #[cold]
    fn add_column(&mut self, shape: usize, slot: usize) -> Result<Option<usize>> {
        let (name, source) = (self.path(shape, slot), self.source(shape, slot));
        let table = self.shapes[shape].table;
        if self.tables[table].parent.is_none() && self.is_constant(&name) {
            if self.options.constants_win {
                return Ok(None);
            }
            let taken = NormalizeError::FromParent {
                table: self.tables[table].name.clone(),
                key: source,
                name,
            };
            return Err(taken.into());
        }
        let column = self.column(table, &name, source)?;
        let is_json = self.tables[table].columns[column].is_json();
        let known = &mut self.shapes[shape].slots[slot];
        known.column = Some(column);
        known.is_special |= is_json;
        Ok(Some(column))
    }

    /// Whether the caller fills the column. Where steps run, its values are fields of the records by now.
    fn is_constant(&self, name: &str) -> bool {
        let mut constants = self.options.constants.iter();
        self.options.steps.is_empty() && constants.any(|one| SnakeCase::path(one) == name)
    }

    /// A new column of `table`, or the known one that has the same source.
    pub(crate) fn column(
        &mut self,
        table: usize,
        name: &str,
        source: String,
    ) -> Result<usize, NormalizeError> {
        let builder = &mut self.tables[table];
        if self.options.system.is_system(name) {
            return Err(NormalizeError::Reserved {
                table: builder.name.clone(),
                key: source,
                name: name.to_owned(),
            });
        }
        if let Some(known) = builder.position(name) {
            let first = builder.columns[known].source.clone();
            if first == source {
                return Ok(known);
            }
            let collision = NameCollision {
                table: builder.name.clone(),
                name: name.to_owned(),
                first,
                second: source,
            };
            return Err(collision.into());
        }
        let limit = self.options.max_columns;
        if builder.columns.len() >= limit {
            return Err(NormalizeError::TooManyColumns {
                table: builder.name.clone(),
                limit,
                key: source,
            });
        }
        let declared = self.options.declared_at(&self.paths[table]);
        let declared = declared.and_then(|types| types.get(name)).copied();
        Ok(builder.add(ColumnBuilder::new(name, source, declared)))
    }

    #[cold]
    fn add_table(&mut self, shape: usize, slot: usize) -> Result<usize> {
        let parent = self.shapes[shape].table;
        let own = self.path(shape, slot);
        let path = match self.paths[parent].as_str() {
            "" => own.clone(),
            above => SnakeCase::join(above, &own),
        };
        let hint = self.options.nested.get(&path);
        let name = hint.and_then(|hint| hint.table.as_deref()).map_or_else(
            || SnakeCase::join(&self.tables[parent].name, &own),
            str::to_owned,
        );
        let source = self.source(shape, slot);
        if let Some(known) = self.tables.iter().position(|table| table.name == *name) {
            let first = self.shapes[self.row_shapes[known]].source.clone();
            let collision = NameCollision {
                table: self.tables[parent].name.clone(),
                name,
                first,
                second: source,
            };
            return Err(NormalizeError::from(collision).into());
        }
        self.has_room(&name)?;
        let parent_name = self.tables[parent].name.clone();
        let table = TableBuilder::new(
            name.into(),
            Some((parent, &parent_name)),
            &self.options.load_id,
        );
        let level = self.shapes[shape].level + 1;
        self.tables.push(table);
        self.paths.push(path);
        let nested = self.tables.len() - 1;
        self.shapes.push(Shape::new(
            (nested, level),
            String::new(),
            source,
            Vec::new(),
        ));
        self.row_shapes.push(self.shapes.len() - 1);
        self.shapes[shape].slots[slot].nested = Some(nested);
        Ok(nested)
    }
}
