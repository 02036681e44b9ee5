//! References that are numbers at places: published values, or another program's results.

use std::path::Path as FilePath;

use super::ProblemFile;
use super::file::{KnownValue, Reference};
use crate::geometry::Shape;
use crate::path;
use crate::quantity::{Expression, Path, Scales, Values};

/// A number that the field is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceValue {
    /// Where and when; m and s until it is scaled.
    pub x: [f64; 4],
    /// Which component of the field.
    pub component: usize,
    /// Its value; SI units until it is scaled.
    pub value: f64,
}

impl ReferenceValue {
    /// The same without dimensions.
    pub(super) fn scaled(&self, scales: &Scales) -> Self {
        let [x, y, z, _] = self.x.map(|v| v / scales.length);
        Self {
            x: [x, y, z, self.x[3] / scales.time],
            component: self.component,
            value: (self.value - scales.offset) / scales.field,
        }
    }
}

/// What a file gives of a displacement or a temperature, by the names of the components.
pub(super) fn given(components: [&Option<Expression>; 4]) -> [(&'static str, &Option<Expression>); 4] {
    let [ux, uy, uz, value] = components;
    [("ux", ux), ("uy", uy), ("uz", uz), ("value", value)]
}

/// The numbers of `Values` and `Table`; none for other references.
///
/// A value of a transient problem without an instant belongs to its `end`, s.
pub(super) fn known(
    file: &ProblemFile,
    shape: &dyn Shape,
    end: Option<f64>,
    values: &mut Values<'_>,
) -> Vec<ReferenceValue> {
    match &file.reference {
        Some(Reference::Values(list)) => {
            let all = list.iter().enumerate();
            all.flat_map(|(i, known)| one(file, (shape, end), known, &path!["reference", 0, i], values))
                .collect()
        }
        Some(Reference::Table(table)) => {
            match read(table, file.equation.physics().components(), (shape.dimension(), end)) {
                Ok(list) => list,
                Err((message, hint)) => {
                    let shown = table.file_name().unwrap_or_default().display();
                    values.fault(&path!["reference", 0], format!("the table `{shown}`: {message}"), hint);
                    Vec::new()
                }
            }
        }
        _ => Vec::new(),
    }
}

fn one(
    file: &ProblemFile,
    (shape, end): (&dyn Shape, Option<f64>),
    known: &KnownValue,
    at: &Path,
    values: &mut Values<'_>,
) -> Vec<ReferenceValue> {
    let Some(place) = place(&known.at, shape, at, values) else {
        return Vec::new();
    };
    let Some(instant) = instant(known.t.as_ref(), end, at, values) else {
        return Vec::new();
    };
    let names = file.equation.physics().components();
    let mut list = Vec::new();
    for (name, expression) in given([&known.ux, &known.uy, &known.uz, &known.value]) {
        let Some(expression) = expression else { continue };
        let mut at = at.clone();
        at.push(name.into());
        let Some(component) = names.iter().position(|other| *other == name) else {
            let hint = format!("the field here is `{}`", names.join("`, `"));
            values.fault(&at, format!("`{name}` does not fit the reference"), Some(hint));
            continue;
        };
        if let Some(value) = values.number(expression, &at) {
            let x = [place[0], place[1], place[2], instant];
            list.push(ReferenceValue { x, component, value });
        }
    }
    list
}

/// An instant of the time span, s: its end where none is given, 0 in a steady problem.
fn instant(t: Option<&Expression>, end: Option<f64>, at: &Path, values: &mut Values<'_>) -> Option<f64> {
    let Some(t) = t else {
        return Some(end.unwrap_or(0.0));
    };
    let mut at = at.clone();
    at.push("t".into());
    let value = values.number(t, &at)?;
    match end {
        None => values.fault(
            &at,
            "a steady problem has no instants".into(),
            Some("leave `t` out, or give the problem a `time`".into()),
        ),
        Some(end) if !(0.0..=end).contains(&value) => {
            values.fault(&at, format!("t = {value} lies outside the time span, [0, {end}]"), None);
        }
        Some(_) => return Some(value),
    }
    None
}

/// A place inside the domain's bounds, m.
pub(super) fn place(
    coordinates: &[Expression],
    shape: &dyn Shape,
    at: &Path,
    values: &mut Values<'_>,
) -> Option<[f64; 3]> {
    let (d, (min, max)) = (shape.dimension(), shape.bounds());
    if coordinates.len() != d {
        let message = format!("{} coordinates in {d} dimensions", coordinates.len());
        values.fault(at, message, Some(format!("give {d}, for example {:?}", &min[..d])));
        return None;
    }
    let mut x = [0.0; 3];
    for (j, expression) in coordinates.iter().enumerate() {
        let mut at = at.clone();
        at.push(j.into());
        x[j] = values.number(expression, &at)?;
        let margin = 1e-9 * (max[j] - min[j]);
        if x[j] < min[j] - margin || x[j] > max[j] + margin {
            let message = format!("{} lies outside the domain, [{}, {}]", x[j], min[j], max[j]);
            values.fault(&at, message, None);
            return None;
        }
    }
    Some(x)
}

type Refusal = (String, Option<String>);

/// Reads comma-separated columns under a line of names; lines that begin with `#` are remarks.
///
/// A column `t` gives the instants of a transient problem; without it all values belong to its `end`.
fn read(
    path: &FilePath,
    components: &[&str],
    (dimension, end): (usize, Option<f64>),
) -> Result<Vec<ReferenceValue>, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let hint = "the path starts at the folder of the problem file";
        (error.to_string().to_lowercase(), Some(hint.to_string()))
    })?;
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let Some((_, header)) = lines.next() else {
        return Err(("there is no line in it".into(), None));
    };
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let column = |name: &str| names.iter().position(|other| *other == name);
    let axes = ["x", "y", "z"];
    let mut places = Vec::new();
    for axis in &axes[..dimension] {
        places.push(column(axis).ok_or_else(|| {
            let hint = format!(
                "its first line names the columns: `{}`, then some of `{}`",
                axes[..dimension].join(","),
                components.join(",")
            );
            (format!("there is no column `{axis}`"), Some(hint))
        })?);
    }
    let instants = column("t");
    let values: Vec<(usize, usize)> = components
        .iter()
        .enumerate()
        .filter_map(|(component, name)| Some((component, column(name)?)))
        .collect();
    if values.is_empty() {
        return Err((
            format!("none of its columns is one of `{}`", components.join("`, `")),
            None,
        ));
    }
    let mut list = Vec::new();
    for (number, line) in lines {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let value = |column: usize| -> Result<f64, Refusal> {
            let field = fields.get(column).copied().unwrap_or("");
            match field.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err((
                    format!("line {number}: `{field}` is not a number (column `{}`)", names[column]),
                    None,
                )),
            }
        };
        let mut x = [0.0, 0.0, 0.0, end.unwrap_or(0.0)];
        if let Some(column) = instants {
            x[3] = value(column)?;
            if !end.is_some_and(|end| (0.0..=end).contains(&x[3])) {
                return Err(match end {
                    Some(end) => (
                        format!("line {number}: t = {} lies outside the time span, [0, {end}]", x[3]),
                        None,
                    ),
                    None => (
                        "it has a column `t`, but a steady problem has no instants".into(),
                        Some("leave the column out, or give the problem a `time`".into()),
                    ),
                });
            }
        }
        for (j, column) in places.iter().enumerate() {
            x[j] = value(*column)?;
        }
        for &(component, column) in &values {
            list.push(ReferenceValue {
                x,
                component,
                value: value(column)?,
            });
        }
    }
    if list.is_empty() {
        return Err(("it has names but no values".into(), None));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Vec<ReferenceValue>, Refusal> {
        let path = std::env::temp_dir().join(format!("pinn-table-{}-{}.csv", std::process::id(), text.len()));
        assert!(std::fs::write(&path, text).is_ok());
        let result = read(&path, &["ux", "uy"], (2, None));
        assert!(std::fs::remove_file(&path).is_ok());
        result
    }

    #[test]
    fn columns_are_found_by_name_and_remarks_are_left_out() {
        let Ok(list) = table("# from elsewhere\ny, x, uy, p\n1, 2, -3e-4, 7\n\n# end\n0, 0, 1, 0\n") else {
            panic!("a table")
        };
        assert_eq!(list.len(), 2);
        assert_eq!(
            (list[0].x, list[0].component, list[0].value),
            ([2.0, 1.0, 0.0, 0.0], 1, -3e-4)
        );
    }

    #[test]
    fn faults_name_their_line_and_column() {
        for (text, part) in [
            ("", "no line"),
            ("x,ux\n1,2\n", "no column `y`"),
            ("x,y,T\n1,2,3\n", "none of its columns"),
            ("x,y,ux\n", "no values"),
            ("x,y,ux\n1,2,3\n1,2\n", "line 3: `` is not a number (column `ux`)"),
            ("x,y,ux\n1,nan,3\n", "line 2: `nan`"),
        ] {
            match table(text) {
                Err((message, _)) => assert!(message.contains(part), "{message}"),
                Ok(list) => panic!("{text}: {list:?}"),
            }
        }
    }
}
