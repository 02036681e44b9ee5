//! The operations as written in problem files.

use schemars::JsonSchema;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Serialize, Serializer};

use crate::geometry::GeometryKind;
use crate::quantity::Expression;

/// What is left of a shape when others are cut out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The shape that is cut.
    pub from: Box<GeometryKind>,
    /// The shapes that are cut out, a list.
    pub cut: Vec<GeometryKind>,
}

/// A shifted shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Translate {
    /// By how much, (x, y) or (x, y, z), m.
    pub by: Coordinates,
    /// What is shifted.
    pub shape: Box<GeometryKind>,
}

/// A turned shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// The angle, degrees, counter-clockwise seen against the axis.
    pub by: Expression,
    /// The direction of the axis; z by default.
    #[serde(default)]
    pub axis: Option<Coordinates>,
    /// A point of the axis, m; the origin by default.
    #[serde(default)]
    pub about: Option<Coordinates>,
    /// What is turned.
    pub shape: Box<GeometryKind>,
}

/// An enlarged or reduced shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The factor, greater than 0.
    pub by: Expression,
    /// The point that stays, m; the origin by default.
    #[serde(default)]
    pub about: Option<Coordinates>,
    /// What is enlarged.
    pub shape: Box<GeometryKind>,
}

/// A shape whose whole surface is one boundary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The boundary's name.
    pub name: String,
    /// The shape.
    pub shape: Box<GeometryKind>,
}

/// A shape whose points are a region, for materials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The region's name.
    pub name: String,
    /// The shape.
    pub shape: Box<GeometryKind>,
}

/// Two or three coordinates in round brackets.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(with = "String")]
pub struct Coordinates(pub Vec<Expression>);

impl Serialize for Coordinates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|x| tuple.serialize_element(x))?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Coordinates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tuple;
        impl<'de> Visitor<'de> for Tuple {
            type Value = Coordinates;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("coordinates such as (0.5, 0) or (0.5, 0, \"h\")")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Coordinates, A::Error> {
                let mut coordinates = Vec::new();
                while let Some(next) = sequence.next_element()? {
                    coordinates.push(next);
                }
                if coordinates.len() == 2 || coordinates.len() == 3 {
                    Ok(Coordinates(coordinates))
                } else {
                    Err(de::Error::invalid_length(coordinates.len(), &self))
                }
            }
        }
        deserializer.deserialize_any(Tuple)
    }
}
