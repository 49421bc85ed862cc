//! Records that pass the user's steps before the walk.

use apiduct_json::{Parser, Part, Records};
use apiduct_model::Scalar;
use apiduct_steps::{Kept, Runner};

use super::{Normalizer, at_record, bounded};
use crate::error::NormalizeError;

impl Normalizer {
    /// Reads the records of a page through `steps`.
    pub(super) fn push_stepped(
        &mut self,
        steps: &mut Runner,
        records: &Records,
        constants: &[Scalar],
    ) -> Result<(), NormalizeError> {
        let names = self.walker.options.constants.iter().cloned();
        let fields: Vec<(String, Scalar)> = names.zip(constants.iter().cloned()).collect();
        let mut index = 0;
        for part in records.parts() {
            match bounded(part?)? {
                Part::One(text) => {
                    self.stepped(steps, (constants, &fields), text, index)?;
                    index += 1;
                }
                Part::Elements(text) => {
                    let mut parser = Parser::elements(text);
                    while at_record(parser.next_element(), index)? {
                        let text = at_record(parser.skip(), index)?;
                        self.stepped(steps, (constants, &fields), text, index)?;
                        index += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whatever becomes of a record is one transaction: all of it becomes rows, or nothing.
    fn stepped(
        &mut self,
        steps: &mut Runner,
        (constants, fields): (&[Scalar], &[(String, Scalar)]),
        text: &str,
        index: usize,
    ) -> Result<(), NormalizeError> {
        let kept = steps
            .apply(text, fields)
            .map_err(|source| NormalizeError::Step {
                record: index,
                source: Box::new(source),
            })?;
        self.mark();
        let (rows, marks, tapped) = (self.rows, self.marks.clone(), self.tapped_mark);
        let mut read = |record: &str| self.row(&mut Parser::new(record), record, constants, index);
        let (outcome, bytes) = match kept {
            Kept::AsItIs => (read(text), text.len()),
            Kept::Changed(records) => (
                records.iter().try_for_each(|record| read(record)),
                records.iter().map(String::len).sum(),
            ),
        };
        if outcome.is_ok() {
            self.flush_if_full(bytes);
        } else {
            (self.rows, self.marks, self.tapped_mark) = (rows, marks, tapped);
            self.roll_back();
        }
        outcome
    }
}
