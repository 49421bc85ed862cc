//! What paginators do with cursors: read them, keep them as positions, and send them back.

use std::collections::BTreeMap;

use apiduct_json::Captured;
use apiduct_model::Scalar;
use serde_json::Value;

use super::ends::wrong;
use super::{PaginateError, Position};
use crate::Request;
use crate::inject::Inject;

/// The name of a position that is a list or an object.
const JSON: &str = "json";

/// The position of the cursor that was captured at `path`. Lists and objects are cursors only where they go
/// into the body.
pub(super) fn position(
    captured: &Captured,
    path: &impl ToString,
    goes_into_body: bool,
) -> Result<Position, PaginateError> {
    match captured {
        Captured::Scalar(scalar @ (Scalar::Text(_) | Scalar::Number(_))) => {
            Ok(Position::Token(scalar.clone()))
        }
        Captured::Json(text) if goes_into_body => {
            let json = Scalar::Text(text.clone());
            Ok(Position::Map(BTreeMap::from([(JSON.to_owned(), json)])))
        }
        other => Err(wrong("cursor", path, "a text or a number", other)),
    }
}

/// Writes the cursor of `position` to `place`; before the first one, nothing.
pub(super) fn apply(
    position: &Position,
    place: &Inject,
    request: &mut Request,
    paginator: &'static str,
) -> Result<(), PaginateError> {
    let foreign = || super::foreign(position, paginator);
    match (position, place) {
        (Position::Start, _) => Ok(()),
        (Position::Token(token), place) => Ok(place.write(token, request)?),
        (Position::Map(map), Inject::BodyPath(path)) => {
            let Some(Scalar::Text(text)) = map.get(JSON) else {
                return Err(foreign());
            };
            let json: Value = serde_json::from_str(text).map_err(|_| foreign())?;
            Ok(path.write(json, &mut request.body)?)
        }
        _ => Err(foreign()),
    }
}
