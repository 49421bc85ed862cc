//! The steps that need no program.

use aws_lc_rs::digest::{Context, SHA256};
use jaq_json::{Map, Rc, Val};

use crate::cast::{CastTo, cast};
use crate::error::StepProblem;
use crate::field::{find, for_objects, for_values, get, position, put};
use crate::step::Step;
use crate::{FieldPath, value};

/// The record after a step that makes one of one.
pub(crate) fn change(mut record: Val, step: &Step) -> Result<Val, StepProblem> {
    match step {
        Step::Keep(fields) => {
            let paths: Vec<&[String]> = fields.iter().map(FieldPath::keys).collect();
            keep(&mut record, &paths);
        }
        Step::Drop(fields) => fields
            .iter()
            .for_each(|field| drop_field(&mut record, field)),
        Step::Rename(moves) => {
            for (from, to) in moves {
                rename(&mut record, from, to)?;
            }
        }
        Step::Set(values) => {
            for (field, json) in values {
                let way = put(&mut record, field.keys(), value::read(json)?);
                way.map_err(|kind| in_the_way(field, kind))?;
            }
        }
        Step::Cast(casts) => {
            for (field, to) in casts {
                cast_field(&mut record, field, *to)?;
            }
        }
        Step::Hash { fields, salt } => {
            let salt = salt.as_ref().map_or("", |salt| salt.expose());
            for field in fields {
                for_values(&mut record, field, &mut |value| hash(value, field, salt))?;
            }
        }
        Step::Redact { fields, with } => {
            for field in fields {
                for_values(&mut record, field, &mut |value: &mut Val| {
                    if !matches!(value, Val::Null) {
                        *value = value::text(with);
                    }
                    Ok::<(), StepProblem>(())
                })?;
            }
        }
        Step::Flatten { fields, prefix } => {
            for field in fields {
                flatten(&mut record, field, prefix)?;
            }
        }
        Step::ParseJson(fields) => {
            for field in fields {
                for_values(&mut record, field, &mut |value| parse_json(value, field))?;
            }
        }
        Step::Filter(_)
        | Step::Map(_)
        | Step::YieldMap(_)
        | Step::Explode(_)
        | Step::Dedupe { .. }
        | Step::Custom(_) => {}
    }
    Ok(record)
}

fn in_the_way(field: &FieldPath, kind: &'static str) -> StepProblem {
    StepProblem::WrongKind {
        field: field.to_string(),
        kind,
        takes: "an object on the way to it",
    }
}

/// Leaves what `paths` lead to. Each of them has at least one key.
fn keep(value: &mut Val, paths: &[&[String]]) {
    match value {
        Val::Arr(list) => Rc::make_mut(list)
            .iter_mut()
            .for_each(|one| keep(one, paths)),
        Val::Obj(object) => Rc::make_mut(object).retain(|key, inner| {
            let Some(key) = value::as_text(key) else {
                return false;
            };
            let below: Vec<&[String]> = paths
                .iter()
                .filter_map(|path| path.split_first())
                .filter(|(first, _)| *first == key)
                .map(|(_, rest)| rest)
                .collect();
            if !below.is_empty() && !below.iter().any(|rest| rest.is_empty()) {
                keep(inner, &below);
            }
            !below.is_empty()
        }),
        _ => {}
    }
}

fn drop_field(record: &mut Val, field: &FieldPath) {
    let (keys, last) = field.split();
    let removed = for_objects(record, keys, &mut |object: &mut Map| {
        if let Some(at) = position(object, last) {
            object.shift_remove_index(at);
        }
        Ok::<(), std::convert::Infallible>(())
    });
    match removed {
        Ok(()) => {}
    }
}

fn rename(record: &mut Val, from: &FieldPath, to: &FieldPath) -> Result<(), StepProblem> {
    let ((keys, old), (new_keys, new)) = (from.split(), to.split());
    let taken = || StepProblem::Taken {
        field: to.to_string(),
    };
    if keys == new_keys {
        // In the same object the field keeps its place.
        return for_objects(record, keys, &mut |object: &mut Map| {
            let Some(at) = position(object, old).filter(|_| old != new) else {
                return Ok(());
            };
            if position(object, new).is_some() {
                return Err(taken());
            }
            if let Some((_, moved)) = object.shift_remove_index(at) {
                object.shift_insert(at, value::text(new), moved);
            }
            Ok(())
        });
    }
    let Some(moved) = find(record, from.keys()).cloned() else {
        return Ok(());
    };
    if find(record, to.keys()).is_some() {
        return Err(taken());
    }
    drop_field(record, from);
    put(record, to.keys(), moved).map_err(|kind| in_the_way(to, kind))
}

fn cast_field(record: &mut Val, field: &FieldPath, to: CastTo) -> Result<(), StepProblem> {
    for_values(record, field, &mut |value: &mut Val| {
        *value = cast(value, to)?.ok_or_else(|| StepProblem::Cast {
            field: field.to_string(),
            value: value::excerpt_of(value),
            what: to.what(),
        })?;
        Ok(())
    })
}

fn hash(value: &mut Val, field: &FieldPath, salt: &str) -> Result<(), StepProblem> {
    let written;
    let text = match &*value {
        Val::Null => return Ok(()),
        Val::TStr(bytes) => bytes.as_ref().as_ref(),
        Val::Bool(_) | Val::Num(_) => {
            written = value::to_json(value)?;
            written.as_bytes()
        }
        other => {
            return Err(StepProblem::WrongKind {
                field: field.to_string(),
                kind: value::kind(other),
                takes: "texts, numbers and booleans",
            });
        }
    };
    let mut context = Context::new(&SHA256);
    context.update(salt.as_bytes());
    context.update(text);
    let digest = context.finish();
    let mut hex = String::with_capacity(64);
    for byte in digest.as_ref() {
        for digit in [byte >> 4, byte & 15] {
            hex.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    *value = value::text(&hex);
    Ok(())
}

fn flatten(record: &mut Val, field: &FieldPath, prefix: &str) -> Result<(), StepProblem> {
    let (keys, last) = field.split();
    for_objects(record, keys, &mut |object: &mut Map| {
        let Some(at) = position(object, last) else {
            return Ok(());
        };
        let inner = match object.get_index(at) {
            Some((_, Val::Obj(inner))) => Rc::clone(inner),
            Some((_, Val::Null)) | None => return Ok(()),
            Some((_, other)) => {
                return Err(StepProblem::WrongKind {
                    field: field.to_string(),
                    kind: value::kind(other),
                    takes: "objects",
                });
            }
        };
        object.shift_remove_index(at);
        for (offset, (key, value)) in inner.iter().enumerate() {
            let key = value::as_text(key).unwrap_or_default();
            let name = format!("{prefix}{key}");
            if position(object, &name).is_some() {
                return Err(StepProblem::Taken { field: name });
            }
            object.shift_insert(at + offset, value::text(&name), value.clone());
        }
        Ok(())
    })
}

fn parse_json(value: &mut Val, field: &FieldPath) -> Result<(), StepProblem> {
    let Some(text) = value::as_text(value) else {
        return Ok(());
    };
    *value = value::read(text).map_err(|source| StepProblem::NotParsed {
        field: field.to_string(),
        source,
    })?;
    Ok(())
}

/// Pushes a record for each element of the list at `field`. What is no list stays as it is.
pub(crate) fn explode(
    record: &Val,
    field: &FieldPath,
    next: &mut Vec<Val>,
) -> Result<(), StepProblem> {
    let (keys, last) = field.split();
    let found = match find(record, keys) {
        Some(Val::Obj(object)) => get(object, last),
        _ => None,
    };
    let Some(Val::Arr(list)) = found else {
        next.push(record.clone());
        return Ok(());
    };
    let nothing = [Val::Null];
    let elements = if list.is_empty() {
        &nothing
    } else {
        list.as_slice()
    };
    for element in elements {
        let mut one = record.clone();
        put(&mut one, field.keys(), element.clone()).map_err(|kind| in_the_way(field, kind))?;
        next.push(one);
    }
    Ok(())
}
