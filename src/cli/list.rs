//! `pinn list`: the kinds and their fields, from the doc comments of the types that read them.

use std::fmt::Write;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use super::{Exit, print};
use crate::batch::{Adapt, Divide, Draw, Growth};
use crate::condition::ConditionKind;
use crate::equation::EquationKind;
use crate::error::Error;
use crate::formulation::Formulation;
use crate::geometry::GeometryKind;
use crate::network::NetworkKind;
use crate::problem::Material;
use crate::sampler::SamplerKind;
use crate::training::{Average, Clip, Decay, StageKind};

/// A family of kinds.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Kinds {
    /// What is solved
    Equations,
    /// Where
    Geometries,
    /// What a region of several materials is made of
    Materials,
    /// What holds on a boundary
    Conditions,
    /// What is minimised
    Formulations,
    /// Which function is trained
    Networks,
    /// Training stages
    Optimizers,
    /// Which points
    Samplers,
    /// How a batch is drawn from them
    Draws,
    /// How strata divide the points
    Strata,
    /// How points move to where the residual is large
    Adaptations,
    /// How a batch grows
    Growths,
    /// How a learning rate falls
    Decays,
    /// How long gradients are shortened
    Clips,
    /// Which mean of the parameters is handed over
    Averages,
}

pub(super) fn run(kinds: Option<Kinds>) -> Result<Exit, Error> {
    use clap::ValueEnum;
    let wanted: Vec<Kinds> = kinds.map_or_else(|| Kinds::value_variants().to_vec(), |kind| vec![kind]);
    for kind in wanted {
        print(&match kind {
            Kinds::Equations => family::<EquationKind>("equations"),
            Kinds::Geometries => family::<GeometryKind>("geometries"),
            Kinds::Materials => record::<Material>("materials (materials: {\"name\": (…)})"),
            Kinds::Conditions => family::<ConditionKind>("conditions"),
            Kinds::Formulations => family::<Formulation>("formulations (formulation: …)"),
            Kinds::Networks => family::<NetworkKind>("networks"),
            Kinds::Optimizers => family::<StageKind>("optimizers"),
            Kinds::Samplers => family::<SamplerKind>("samplers (points: sampler)"),
            Kinds::Draws => family::<Draw>("draws (points: draw)"),
            Kinds::Strata => family::<Divide>("strata (points: draw: Strata(by: …))"),
            Kinds::Adaptations => family::<Adapt>("adaptations (points: adapt)"),
            Kinds::Growths => family::<Growth>("growths (training: growth)"),
            Kinds::Decays => family::<Decay>("decays (training: decay)"),
            Kinds::Clips => family::<Clip>("clips (training: clip)"),
            Kinds::Averages => family::<Average>("averages (training: average)"),
        });
    }
    Ok(Exit::Solved)
}

fn family<T: JsonSchema>(title: &str) -> String {
    let mut generator = SchemaGenerator::default();
    let schema = T::json_schema(&mut generator);
    let definitions = generator.definitions();
    let mut text = format!("{title}\n");
    for variant in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        let doc = first_line(variant.get("description"));
        // A kind without fields is a constant, one with fields an object of one property.
        if let Some(name) = variant.get("const").and_then(Value::as_str) {
            let _ = writeln!(text, "  {name}  {doc}");
            continue;
        }
        let Some((name, body)) = variant
            .get("properties")
            .and_then(Value::as_object)
            .and_then(|p| p.iter().next())
        else {
            continue;
        };
        let _ = writeln!(text, "  {name}  {doc}");
        fields(&mut text, resolve(body, definitions), "    ");
    }
    text.push('\n');
    text
}

/// The fields of a kind that there is only one of.
fn record<T: JsonSchema>(title: &str) -> String {
    let schema = T::json_schema(&mut SchemaGenerator::default());
    let mut text = format!("{title}\n");
    fields(&mut text, schema.as_value(), "  ");
    text.push('\n');
    text
}

/// A line for each field.
fn fields(text: &mut String, body: &Value, indent: &str) {
    let required: Vec<&str> = body
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let fields = body.get("properties").and_then(Value::as_object);
    for (field, description) in fields.into_iter().flatten() {
        let default = match description.get("default") {
            Some(value) if !value.is_null() && !required.contains(&field.as_str()) => {
                format!(" [default: {}]", plain(value))
            }
            _ if required.contains(&field.as_str()) => String::new(),
            _ => " [optional]".into(),
        };
        let doc = first_line(description.get("description"));
        let _ = writeln!(text, "{indent}{field:<18} {doc}{default}");
    }
}

fn resolve<'a>(schema: &'a Value, definitions: &'a serde_json::Map<String, Value>) -> &'a Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| definitions.get(path.trim_start_matches("#/$defs/")))
        .unwrap_or(schema)
}

/// The first paragraph, on one line.
fn first_line(description: Option<&Value>) -> String {
    description
        .and_then(Value::as_str)
        .and_then(|text| text.split("\n\n").next())
        .map_or_else(String::new, |text| text.replace('\n', " "))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("({})", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        // A kind with a value: `Distance(4)`.
        Value::Object(fields) if fields.len() == 1 => fields
            .iter()
            .map(|(name, value)| format!("{name}({})", plain(value)))
            .collect(),
        other => other.to_string(),
    }
}
