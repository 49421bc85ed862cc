//! Merging: the rows of a load take the place of earlier rows with the same key, and nested rows follow their root row.
//!
//! All of it is done by statements over whole tables, within the transaction of the load. `docs/design/merge.md` tells
//! why they are these.

mod staging;

use apiduct_load::DestinationError;
use apiduct_model::{
    ColumnName, DataType, DedupSort, MergeStrategy, SortOrder, TableName, TableSchema,
};
use duckdb::Connection;

use crate::failure::Failures;
use crate::sql::{Place, quoted};

pub(crate) use staging::{Staging, Target};

/// Merges the rows of one root table and of the tables nested in it.
pub(crate) struct Merger<'a> {
    connection: &'a Connection,
    failures: &'a Failures,
    root: &'a TableSchema,
    /// The root table, then the tables nested in it, each after its parent.
    links: Vec<Link>,
    /// Temporary tables that have been made.
    temporary: Vec<String>,
}

/// A table of the family.
struct Link {
    /// Its parent, as an index.
    parent: usize,
    /// The columns, quoted.
    columns: Vec<String>,
    /// The column that identifies a row, if there is one.
    id: Option<String>,
    /// The column that identifies the parent's row.
    parent_id: String,
    /// Where the rows belong.
    target: String,
    /// Where new rows are; `None` when there are none.
    new: Option<String>,
    /// Whether new rows are where they belong.
    is_in_place: bool,
}

/// Rows new to the tables, or those that were there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    New,
    Earlier,
}

/// Rows of the root table that are singled out: a temporary table with columns `"row"` and `id`.
struct Picked {
    table: String,
    rows: i64,
}

impl Link {
    fn place(&self, side: Side) -> Option<&str> {
        match side {
            Side::New => self.new.as_deref(),
            Side::Earlier => Some(&self.target),
        }
    }

    /// The identity of a row of `alias`.
    fn id_of(&self, alias: &str) -> String {
        self.id.as_ref().map_or_else(
            || "NULL::VARCHAR".to_owned(),
            |column| format!("{alias}.{column}"),
        )
    }
}

impl<'a> Merger<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        place: &Place,
        failures: &'a Failures,
        root: &'a TableSchema,
        staging: &'a Staging,
    ) -> Result<Self, DestinationError> {
        let schema = &staging.schema;
        let is_member = |table: &&TableSchema| {
            let above = schema.root_of(&table.name);
            above.is_some_and(|above| above.name == root.name)
        };
        let depth = |table: &&TableSchema| {
            let above = |table: &&TableSchema| schema.table(table.parent.as_ref()?);
            std::iter::successors(Some(*table), above).count()
        };
        let mut family: Vec<&TableSchema> = schema.tables.values().filter(is_member).collect();
        family.sort_by_key(depth);
        let (id, parent_id) = (place.names.id(), place.names.parent_id());
        let link = |table: &&TableSchema| {
            let above = family
                .iter()
                .position(|one| Some(&one.name) == table.parent.as_ref());
            let has_nested = family
                .iter()
                .any(|one| one.parent.as_ref() == Some(&table.name));
            let has = |column: &str| table.column(column).is_some();
            let missing = |column: &str| DestinationError::NoMergeColumn {
                table: table.name.clone(),
                column: column.into(),
            };
            if has_nested && !has(&id) {
                return Err(missing(&id));
            }
            if above.is_some() && !has(&parent_id) {
                return Err(missing(&parent_id));
            }
            let staged = staging.of(&table.name);
            Ok(Link {
                parent: above.unwrap_or(0),
                columns: table.columns.iter().map(|one| quoted(&one.name)).collect(),
                id: has(&id).then(|| quoted(&id)),
                parent_id: quoted(&parent_id),
                target: place.table(&table.name),
                new: staged.map(|staged| staged.place.clone()),
                is_in_place: staged.is_some_and(|staged| staged.create.is_none()),
            })
        };
        Ok(Self {
            connection,
            failures,
            root,
            links: family.iter().map(link).collect::<Result<_, _>>()?,
            temporary: Vec::new(),
        })
    }

    /// Puts the new rows where they belong, and takes away those whose place they take.
    pub(crate) fn merge(mut self) -> Result<(), DestinationError> {
        let mut identities = None;
        if let Some(new) = self.links[0].new.clone() {
            let key = self.columns_of(&self.root.primary_key)?;
            let strategy = self.root.merge.strategy;
            self.drop_duplicates(&new, &key)?;
            if !self.links[0].is_in_place {
                if strategy == MergeStrategy::InsertOnly {
                    self.drop_known(&new, &key)?;
                } else {
                    let newer = self.drop_outdated(&new, &key)?;
                    if strategy == MergeStrategy::Upsert {
                        identities = self.identities(&new, &key)?;
                    }
                    self.remove_earlier(&new, &key, newer.as_ref())?;
                }
            }
            self.drop_deleted(&new)?;
        }
        self.insert(identities.as_deref())?;
        self.clean_up()
    }

    /// Of several new rows with one primary key, all but one go: the first by `dedup_sort`, else the last that came.
    fn drop_duplicates(&mut self, new: &str, key: &[String]) -> Result<(), DestinationError> {
        if key.is_empty() {
            return Ok(());
        }
        let list = key.join(", ");
        let twice = format!("SELECT {list} FROM {new} GROUP BY {list} HAVING count(*) > 1");
        let twice = self.keep(&twice)?;
        if twice.rows == 0 {
            return Ok(());
        }
        let sort = self.sort().map_or_else(String::new, |sort| {
            let word = sort.order.word();
            format!("s.{} {word} NULLS LAST, ", quoted(&sort.column))
        });
        let partition: Vec<String> = key.iter().map(|column| format!("s.{column}")).collect();
        let losers = format!(
            "SELECT \"row\", id FROM (SELECT s.rowid AS \"row\", {id} AS id, row_number() OVER \
             (PARTITION BY {partition} ORDER BY {sort}s.rowid DESC) AS place \
             FROM {new} s SEMI JOIN {twice} t ON {same}) WHERE place > 1",
            id = self.links[0].id_of("s"),
            partition = partition.join(", "),
            twice = twice.table,
            same = same(key, "s", "t", true),
        );
        let losers = self.keep(&losers)?;
        self.remove(&losers, Side::New)
    }

    /// New rows whose key is there already go.
    fn drop_known(&mut self, new: &str, key: &[String]) -> Result<(), DestinationError> {
        let known = format!(
            "SELECT s.rowid AS \"row\", {id} AS id FROM {new} s SEMI JOIN {target} r ON {same}",
            id = self.links[0].id_of("s"),
            target = self.links[0].target,
            same = same(key, "s", "r", self.has_nulls(new, key)?),
        );
        let known = self.keep(&known)?;
        self.remove(&known, Side::New)
    }

    /// New rows go that an earlier row of their key comes before by `dedup_sort`. Gives those earlier rows.
    fn drop_outdated(
        &mut self,
        new: &str,
        key: &[String],
    ) -> Result<Option<Picked>, DestinationError> {
        let Some(sort) = self.sort().filter(|_| !key.is_empty()) else {
            return Ok(None);
        };
        let column = quoted(&sort.column);
        let sign = match sort.order {
            SortOrder::Asc => '<',
            SortOrder::Desc => '>',
        };
        let outdated = format!(
            "SELECT s.rowid AS \"row\", {id} AS id, r.rowid AS newer FROM {new} s JOIN {target} r ON {same} \
             WHERE r.{column} {sign} s.{column} OR (s.{column} IS NULL AND r.{column} IS NOT NULL)",
            id = self.links[0].id_of("s"),
            target = self.links[0].target,
            same = same(key, "s", "r", self.has_nulls(new, key)?),
        );
        let outdated = self.keep(&outdated)?;
        if outdated.rows == 0 {
            return Ok(None);
        }
        self.remove(&outdated, Side::New)?;
        Ok(Some(outdated))
    }

    /// The identities of new rows and of the earlier ones whose place they take.
    fn identities(
        &mut self,
        new: &str,
        key: &[String],
    ) -> Result<Option<String>, DestinationError> {
        let link = &self.links[0];
        if link.id.is_none() {
            return Ok(None);
        }
        let pairs = format!(
            "SELECT {} AS fresh, min({}) AS first FROM {new} s JOIN {} r ON {} GROUP BY fresh",
            link.id_of("s"),
            link.id_of("r"),
            link.target,
            same(key, "s", "r", self.has_nulls(new, key)?),
        );
        let pairs = self.keep(&pairs)?;
        Ok((pairs.rows > 0).then_some(pairs.table))
    }

    /// Takes away the earlier rows that have the primary key of a new row, or its merge key.
    fn remove_earlier(
        &mut self,
        new: &str,
        key: &[String],
        newer: Option<&Picked>,
    ) -> Result<(), DestinationError> {
        let partition = self.columns_of(&self.root.merge.key)?;
        let mut queries = Vec::new();
        for columns in [key, partition.as_slice()] {
            if columns.is_empty() {
                continue;
            }
            queries.push(format!(
                "SELECT r.rowid AS \"row\", {id} AS id FROM {target} r SEMI JOIN {new} s ON {same}",
                id = self.links[0].id_of("r"),
                target = self.links[0].target,
                same = same(columns, "r", "s", self.has_nulls(new, columns)?),
            ));
        }
        let mut earlier = queries.join(" UNION ");
        if let Some(newer) = newer {
            let newer = &newer.table;
            earlier = format!(
                "SELECT \"row\", id FROM ({earlier}) WHERE \"row\" NOT IN (SELECT newer FROM {newer})"
            );
        }
        let earlier = self.keep(&earlier)?;
        self.remove(&earlier, Side::Earlier)
    }

    /// New rows go that say of themselves that they are deleted; the rows that they stand for have gone before.
    fn drop_deleted(&mut self, new: &str) -> Result<(), DestinationError> {
        let Some(mark) = &self.root.merge.hard_delete else {
            return Ok(());
        };
        let marks: Vec<String> = self
            .root
            .columns_of(mark)
            .map(|column| match column.data_type {
                DataType::Bool => format!("s.{}", quoted(&column.name)),
                _ => format!("s.{} IS NOT NULL", quoted(&column.name)),
            })
            .collect();
        if marks.is_empty() {
            return Ok(());
        }
        let deleted = format!(
            "SELECT s.rowid AS \"row\", {} AS id FROM {new} s WHERE {}",
            self.links[0].id_of("s"),
            marks.join(" OR ")
        );
        let deleted = self.keep(&deleted)?;
        self.remove(&deleted, Side::New)
    }

    /// Takes away `picked` rows of the root table and all rows below them.
    fn remove(&mut self, picked: &Picked, side: Side) -> Result<(), DestinationError> {
        if picked.rows == 0 {
            return Ok(());
        }
        let mut above: Vec<Option<String>> = vec![None; self.links.len()];
        for at in 0..self.links.len() {
            let link = &self.links[at];
            let Some(place) = link.place(side) else {
                continue;
            };
            let rows = if at == 0 {
                picked.table.clone()
            } else {
                let Some(parents) = &above[link.parent] else {
                    continue;
                };
                let below = format!(
                    "SELECT s.rowid AS \"row\", {} AS id FROM {place} s WHERE s.{} IN (SELECT id FROM {parents})",
                    link.id_of("s"),
                    link.parent_id,
                );
                let below = self.keep(&below)?;
                if below.rows == 0 {
                    continue;
                }
                below.table
            };
            let place = self.links[at].place(side).unwrap_or_default();
            self.run(&format!(
                "DELETE FROM {place} WHERE rowid IN (SELECT \"row\" FROM {rows})"
            ))?;
            above[at] = Some(rows);
        }
        Ok(())
    }

    /// Brings new rows to where they belong. With `identities`, rows that were there keep theirs.
    fn insert(&self, identities: Option<&str>) -> Result<(), DestinationError> {
        for (at, link) in self.links.iter().enumerate() {
            let Some(new) = link.new.as_ref().filter(|_| !link.is_in_place) else {
                continue;
            };
            let points_to_root = match (at, link.parent) {
                (0, _) => link.id.as_ref(),
                (_, 0) => Some(&link.parent_id),
                _ => None,
            };
            let list = link.columns.join(", ");
            let select = match (identities, points_to_root) {
                (Some(identities), Some(id)) => {
                    let value = |column: &String| {
                        if column == id {
                            format!("coalesce(i.first, s.{column})")
                        } else {
                            format!("s.{column}")
                        }
                    };
                    let values: Vec<String> = link.columns.iter().map(value).collect();
                    format!(
                        "SELECT {} FROM {new} s LEFT JOIN {identities} i ON s.{id} = i.fresh",
                        values.join(", ")
                    )
                }
                _ => format!("SELECT {list} FROM {new}"),
            };
            self.run(&format!("INSERT INTO {} ({list}) {select}", link.target))?;
        }
        Ok(())
    }

    /// Removes all temporary tables.
    fn clean_up(&self) -> Result<(), DestinationError> {
        let waiting = self.links.iter().filter(|link| !link.is_in_place);
        let waiting = waiting.filter_map(|link| link.new.as_ref());
        for table in waiting.chain(&self.temporary) {
            self.run(&format!("DROP TABLE {table}"))?;
        }
        Ok(())
    }

    /// The columns of a key that the table has. One that no record has had a value for yet is not among them.
    fn columns_of(&self, key: &[ColumnName]) -> Result<Vec<String>, DestinationError> {
        let columns = key.iter().flat_map(|name| self.root.columns_of(name));
        let columns: Vec<String> = columns.map(|column| quoted(&column.name)).collect();
        match key.first() {
            Some(name) if columns.is_empty() => Err(DestinationError::NoMergeColumn {
                table: self.root.name.clone(),
                column: name.clone(),
            }),
            _ => Ok(columns),
        }
    }

    fn sort(&self) -> Option<&'a DedupSort> {
        let sort = self.root.merge.dedup_sort.as_ref()?;
        self.root.column(&sort.column).map(|_| sort)
    }

    fn has_nulls(&self, new: &str, columns: &[String]) -> Result<bool, DestinationError> {
        let tests: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} IS NULL"))
            .collect();
        let query = format!("SELECT count(*) FROM {new} WHERE {}", tests.join(" OR "));
        self.count(&query).map(|rows| rows > 0)
    }

    /// Keeps the answer to `query` in a temporary table.
    fn keep(&mut self, query: &str) -> Result<Picked, DestinationError> {
        let table = format!(
            "temp.main.apiduct_merge_{}_{}",
            self.links.len(),
            self.temporary.len()
        );
        self.run(&format!("CREATE TEMP TABLE {table} AS {query}"))?;
        self.temporary.push(table.clone());
        let rows = self.count(&format!("SELECT count(*) FROM {table}"))?;
        Ok(Picked { table, rows })
    }

    fn run(&self, statement: &str) -> Result<(), DestinationError> {
        tracing::trace!(statement, "merging");
        self.connection
            .execute_batch(statement)
            .map_err(|error| self.failures.write(self.name(), &error))
    }

    fn count(&self, query: &str) -> Result<i64, DestinationError> {
        self.connection
            .query_row(query, [], |row| row.get(0))
            .map_err(|error| self.failures.write(self.name(), &error))
    }

    fn name(&self) -> &TableName {
        &self.root.name
    }
}

/// The condition that rows of two tables have one key. Nulls equal each other where there are any.
fn same(key: &[String], left: &str, right: &str, has_nulls: bool) -> String {
    let sign = if has_nulls {
        "IS NOT DISTINCT FROM"
    } else {
        "="
    };
    let conditions: Vec<String> = key
        .iter()
        .map(|column| format!("{left}.{column} {sign} {right}.{column}"))
        .collect();
    conditions.join(" AND ")
}
