//! VTK's XML files of unstructured grids (`.vtu`): as text, binary inline and appended, with zlib compression, of either byte
//! order.
//!
//! Regions come from a cell array of whole numbers ([`choose`]), boundaries from cells of one dimension less
//! with such an array or one named `boundary`; their names from arrays `regions` and `boundaries` of strings, or of their bytes, in the field data.
//! Not read: files of several pieces, pixels, voxels, polygons, pyramids, cells of third and higher order.
//!
//! vtkio, which has a reader, leaves field data out and panics on malformed files.
//!
//! # Source
//! VTK user's guide, chapter "VTK file formats"; VTK wiki, "XML formats".

use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::raw::Raw;
use super::region_array::{Candidate, choose, origin};
use super::{CellKind, MeshError, Spot};

/// Names of arrays that hold boundaries, in lower case.
const BOUNDARIES: [&str; 2] = ["boundary", "boundaries"];

/// Reads a file.
///
/// # Errors
/// What cannot be read, with its line.
pub(super) fn read(bytes: &[u8]) -> Result<Raw, MeshError> {
    let file = File::scan(bytes)?;
    let mut raw = Raw::default();
    let points = file.array("Points", None)?;
    let numbers = file.decode(points)?;
    if points.components != 3 || numbers.len() % 3 != 0 {
        return Err(points.error(format!(
            "{} components per point cannot be read, only 3",
            points.components
        )));
    }
    for x in numbers.chunks_exact(3) {
        raw.point([x[0], x[1], x[2]], points.spot)?;
    }
    drop(numbers);
    let whole = |name: &str| file.decode(file.array("Cells", Some(name))?);
    let (nodes, ends, types) = (whole("connectivity")?, whole("offsets")?, whole("types")?);
    if ends.len() != types.len() {
        return Err(file.array("Cells", Some("types"))?.error(format!(
            "{} types are given for {} cells",
            types.len(),
            ends.len()
        )));
    }
    let cell_arrays: Vec<&Array<'_>> = (file.arrays.iter())
        .filter(|array| array.section == "CellData" && array.components == 1)
        .collect();
    let tags = |found: Option<usize>| -> Result<Option<(String, Vec<f64>)>, MeshError> {
        let Some(array) = found.map(|at| cell_arrays[at]) else {
            return Ok(None);
        };
        let values = file.decode(array)?;
        if values.len() != types.len() {
            return Err(array.error(format!(
                "`{}` has {} values for {} cells",
                array.name,
                values.len(),
                types.len()
            )));
        }
        Ok(Some((array.name.to_lowercase(), values)))
    };
    // One region without a name is none.
    let nameless = |values: &[f64]| file.regions.is_empty() && values.iter().all(|v| *v == 0.0);
    let candidates: Vec<Candidate<'_>> = (cell_arrays.iter())
        .map(|array| Candidate {
            name: &array.name,
            whole: array.number.contains("Int"),
        })
        .collect();
    let chosen = choose(&candidates);
    raw.regions_from = Some(origin(&candidates, chosen));
    let regions = tags(chosen)?.filter(|(_, values)| !nameless(values));
    let is_boundary = |array: &&Array<'_>| BOUNDARIES.contains(&array.name.to_lowercase().as_str());
    let boundaries = tags(cell_arrays.iter().position(is_boundary))?;
    let widest = types
        .iter()
        .filter_map(|t| kind(*t))
        .map(CellKind::dimension)
        .max()
        .unwrap_or(0);
    let mut begin = 0;
    for (index, (end, code)) in ends.iter().zip(&types).enumerate() {
        let array = file.array("Cells", Some("types"))?;
        let Some(kind) = kind(*code) else {
            return Err(array
                .error(format!(
                    "the cell {index} is of VTK's type {code}, which cannot be read"
                ))
                .hint("lines, triangles, quadrilaterals, tetrahedra, hexahedra and wedges of order 1 and 2 can be"));
        };
        let end = *end as usize;
        if end < begin || end > nodes.len() || end - begin != kind.nodes() {
            let array = file.array("Cells", Some("offsets"))?;
            return Err(array.error(format!(
                "the cell {index} has the nodes {begin} to {end} of {}, but it must have {}",
                nodes.len(),
                kind.nodes()
            )));
        }
        let mut list = [0; super::cell::MOST_NODES];
        for (slot, node) in list.iter_mut().zip(&nodes[begin..end]) {
            if !(*node >= 0.0 && *node < raw.points.len() as f64) {
                let array = file.array("Cells", Some("connectivity"))?;
                return Err(array.error(format!("the cell {index} has the node {node}, which does not exist")));
            }
            *slot = *node as u32;
        }
        begin = end;
        let own = if kind.dimension() < widest {
            boundaries.as_ref().or(regions.as_ref())
        } else {
            regions.as_ref()
        };
        let tag = own.map_or(0, |(name, values)| {
            tag(&file, name, values[index], kind.dimension(), widest, &mut raw)
        });
        let set = raw.sets.number(if tag == 0 { &[] } else { std::slice::from_ref(&tag) });
        raw.push(kind, &list[..kind.nodes()], set, index as u64, Spot::File);
    }
    Ok(raw)
}

/// The tag of an array's value and, with it, its name: 0 means none in Gmsh's arrays, less than 0 in all others.
fn tag(file: &File<'_>, array: &str, value: f64, dimension: usize, widest: usize, raw: &mut Raw) -> i64 {
    let value = value as i64;
    if value < 0 || (array == "gmsh:physical" && value == 0) {
        return 0;
    }
    let tag = value.saturating_add(1);
    let list = if dimension < widest {
        &file.boundaries
    } else {
        &file.regions
    };
    raw.names.entry((dimension, tag)).or_insert_with(|| {
        let name = usize::try_from(value).ok().and_then(|at| list.get(at));
        name.filter(|name| !name.is_empty())
            .cloned()
            .unwrap_or_else(|| value.to_string())
    });
    tag
}

fn kind(code: f64) -> Option<CellKind> {
    CellKind::ALL.into_iter().find(|kind| f64::from(kind.vtk()) == code)
}

/// A `DataArray`.
#[derive(Debug)]
struct Array<'a> {
    section: &'a str,
    name: String,
    number: &'a str,
    format: &'a str,
    components: usize,
    offset: usize,
    /// What stands between its tags.
    text: &'a str,
    spot: Spot,
}

impl Array<'_> {
    fn error(&self, message: impl Into<String>) -> MeshError {
        MeshError::new(message).at(self.spot)
    }
}

/// A file taken apart, its arrays not yet decoded.
#[derive(Debug)]
struct File<'a> {
    arrays: Vec<Array<'a>>,
    little: bool,
    /// Bytes of the counts before binary data.
    header: usize,
    compressed: bool,
    appended: &'a [u8],
    /// Whether appended data is in base 64.
    encoded: bool,
    regions: Vec<String>,
    boundaries: Vec<String>,
}

/// A tag: its name, its attributes, and where it ends.
struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
    begin: usize,
    end: usize,
}

impl<'a> Tag<'a> {
    /// The next tag; comments and declarations are passed over.
    fn next(text: &'a str, mut at: usize) -> Option<Self> {
        loop {
            let begin = at + text.get(at..)?.find('<')?;
            let rest = &text[begin..];
            let close = if rest.starts_with("<!--") { "-->" } else { ">" };
            let length = rest.find(close)? + close.len();
            at = begin + length;
            let inner = &rest[1..length - 1];
            if inner.starts_with(['!', '?']) {
                continue;
            }
            let split = inner.find(char::is_whitespace).unwrap_or(inner.len());
            return Some(Self {
                name: inner[..split].trim_end_matches('/'),
                attributes: &inner[split..],
                begin,
                end: at,
            });
        }
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        loop {
            let (key, after) = rest.split_once('=')?;
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = after[1..].split_once(quote)?;
            if key.trim() == name {
                return Some(value);
            }
            rest = after;
        }
    }
}

impl<'a> File<'a> {
    fn scan(bytes: &'a [u8]) -> Result<Self, MeshError> {
        // Appended data may be raw bytes, so that only what stands before it is text.
        let mark = b"<AppendedData";
        let split = bytes.windows(mark.len()).position(|window| window == mark);
        let (front, back) = bytes.split_at(split.unwrap_or(bytes.len()));
        let text = std::str::from_utf8(front)
            .map_err(|error| MeshError::new("this is not text").at(Spot::Byte(error.valid_up_to())))?;
        let line = |at: usize| Spot::Line(1 + text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count());
        let mut file = Self {
            arrays: Vec::new(),
            little: true,
            header: 4,
            compressed: false,
            appended: &[],
            encoded: false,
            regions: Vec::new(),
            boundaries: Vec::new(),
        };
        let sections = ["FieldData", "PointData", "CellData", "Points", "Cells"];
        let (mut at, mut section, mut pieces, mut known) = (0, "", 0, false);
        while let Some(tag) = Tag::next(text, at) {
            at = tag.end;
            match tag.name {
                "VTKFile" => {
                    let kind = tag.attribute("type").unwrap_or("");
                    if kind != "UnstructuredGrid" {
                        let message = format!("VTK files of the type `{kind}` cannot be read, only `UnstructuredGrid`");
                        return Err(MeshError::new(message).at(line(tag.begin)));
                    }
                    file.little = tag.attribute("byte_order") != Some("BigEndian");
                    file.header = if tag.attribute("header_type") == Some("UInt64") {
                        8
                    } else {
                        4
                    };
                    file.compressed = match tag.attribute("compressor") {
                        None => false,
                        Some("vtkZLibDataCompressor") => true,
                        Some(other) => {
                            let message = format!("data compressed by `{other}` cannot be read");
                            return Err(MeshError::new(message)
                                .at(line(tag.begin))
                                .hint("save with zlib compression or without"));
                        }
                    };
                    known = true;
                }
                "Piece" => {
                    pieces += 1;
                    if pieces > 1 {
                        return Err(MeshError::new("files of several pieces cannot be read")
                            .at(line(tag.begin))
                            .hint("merge the pieces first"));
                    }
                }
                "DataArray" | "Array" => {
                    let text = if tag.attributes.trim_end().ends_with('/') {
                        ""
                    } else {
                        let rest = &text[at..];
                        let end = rest.find('<').unwrap_or(rest.len());
                        at += end;
                        &rest[..end]
                    };
                    let number = |name: &str, default| match tag.attribute(name) {
                        None => Ok(default),
                        Some(value) => value.parse().map_err(|_| {
                            MeshError::new(format!("`{name}` is `{value}`, not a whole number")).at(line(tag.begin))
                        }),
                    };
                    file.arrays.push(Array {
                        section,
                        name: plain(tag.attribute("Name").unwrap_or("")),
                        number: tag.attribute("type").unwrap_or(""),
                        format: tag.attribute("format").unwrap_or("ascii"),
                        components: number("NumberOfComponents", 1)?,
                        offset: number("offset", 0)?,
                        text,
                        spot: line(tag.begin),
                    });
                }
                name => {
                    if sections.contains(&name) && !tag.attributes.trim_end().ends_with('/') {
                        section = name;
                    } else if name.strip_prefix('/') == Some(section) {
                        section = "";
                    }
                }
            }
        }
        if !known {
            return Err(MeshError::new("the file has no `VTKFile`"));
        }
        if !back.is_empty() {
            let end = back.iter().position(|b| *b == b'>');
            let begin = end.and_then(|end| {
                back[end..]
                    .iter()
                    .position(|b| *b == b'_')
                    .map(|at| (end, end + at + 1))
            });
            let Some((end, begin)) = begin else {
                return Err(MeshError::new("the appended data has no beginning `_`").at(line(front.len())));
            };
            file.encoded = String::from_utf8_lossy(&back[..end]).contains("base64");
            file.appended = &back[begin..];
        }
        let strings = |name: &str| -> Result<Vec<String>, MeshError> {
            let mut fields = file.arrays.iter().filter(|array| array.section == "FieldData");
            let Some(array) = fields.find(|array| matches!(array.number, "UInt8" | "String") && array.name == name)
            else {
                return Ok(Vec::new());
            };
            let bytes: Vec<u8> = file.decode(array)?.into_iter().map(|code| code as u8).collect();
            let mut names: Vec<String> = bytes
                .split(|b| *b == 0)
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect();
            names.pop();
            Ok(names)
        };
        (file.regions, file.boundaries) = (strings("regions")?, strings("boundaries")?);
        Ok(file)
    }

    fn array(&self, section: &str, name: Option<&str>) -> Result<&Array<'a>, MeshError> {
        let mut arrays = self.arrays.iter().filter(|array| array.section == section);
        arrays
            .find(|array| name.is_none_or(|name| array.name == name))
            .ok_or_else(|| {
                let array = name.map_or(String::new(), |name| format!(" `{name}`"));
                MeshError::new(format!("`{section}` has no array{array}")).hint("the file may be cut short or empty")
            })
    }

    /// The numbers of an array.
    fn decode(&self, array: &Array<'_>) -> Result<Vec<f64>, MeshError> {
        match array.format {
            "ascii" => array
                .text
                .split_ascii_whitespace()
                .map(|word| {
                    word.parse().map_err(|_| {
                        let shown: String = word.chars().take(40).collect();
                        array.error(format!("`{shown}` is not a number"))
                    })
                })
                .collect(),
            "binary" => self.numbers(array, &self.unpack(array, array.text.trim().as_bytes(), true)?),
            "appended" => {
                let Some(data) = self.appended.get(array.offset..) else {
                    return Err(array
                        .error(format!(
                            "`{}` begins at byte {} of the appended data, which has {}",
                            array.name,
                            array.offset,
                            self.appended.len()
                        ))
                        .hint("the file may be cut short"));
                };
                self.numbers(array, &self.unpack(array, data, self.encoded)?)
            }
            other => Err(array.error(format!("the format `{other}` must be `ascii`, `binary` or `appended`"))),
        }
    }

    fn numbers(&self, array: &Array<'_>, data: &[u8]) -> Result<Vec<f64>, MeshError> {
        macro_rules! all {
            ($type:ty) => {{
                const N: usize = size_of::<$type>();
                let one = |bytes: &[u8; N]| match self.little {
                    true => <$type>::from_le_bytes(*bytes) as f64,
                    false => <$type>::from_be_bytes(*bytes) as f64,
                };
                let (items, rest) = data.as_chunks::<N>();
                if rest.is_empty() {
                    Some(items.iter().map(one).collect())
                } else {
                    None
                }
            }};
        }
        let numbers = match array.number {
            "Float64" => all!(f64),
            "Float32" => all!(f32),
            "Int64" => all!(i64),
            "UInt64" => all!(u64),
            "Int32" => all!(i32),
            "UInt32" => all!(u32),
            "Int16" => all!(i16),
            "UInt16" => all!(u16),
            "Int8" => all!(i8),
            "UInt8" | "String" => all!(u8),
            other => return Err(array.error(format!("numbers of the type `{other}` cannot be read"))),
        };
        numbers.ok_or_else(|| array.error(format!("`{}` ends within a number", array.name)))
    }

    /// The bytes of an array without their header; decompressed.
    fn unpack(&self, array: &Array<'_>, data: &[u8], encoded: bool) -> Result<Vec<u8>, MeshError> {
        let short = || array.error(format!("the data of `{}` is cut short or damaged", array.name));
        let count = |bytes: &[u8]| -> Result<usize, MeshError> {
            let value = match (self.header, self.little) {
                (8, true) => bytes.first_chunk().map(|b| u64::from_le_bytes(*b)),
                (8, false) => bytes.first_chunk().map(|b| u64::from_be_bytes(*b)),
                (_, true) => bytes.first_chunk().map(|b| u32::from_le_bytes(*b).into()),
                (_, false) => bytes.first_chunk().map(|b| u32::from_be_bytes(*b).into()),
            };
            value.and_then(|v| usize::try_from(v).ok()).ok_or_else(short)
        };
        // The first `length` bytes; how much text they take.
        let take = |data: &[u8], length: usize| -> Result<(Vec<u8>, usize), MeshError> {
            if !encoded {
                return Ok((data.get(..length).ok_or_else(short)?.to_vec(), length));
            }
            let text = length.div_ceil(3).checked_mul(4).ok_or_else(short)?;
            let mut bytes = BASE64_STANDARD
                .decode(data.get(..text).ok_or_else(short)?)
                .map_err(|_| short())?;
            if bytes.len() < length {
                return Err(short());
            }
            bytes.truncate(length);
            Ok((bytes, text))
        };
        let h = self.header;
        if !self.compressed {
            let length = count(&take(data, h)?.0)?;
            let (bytes, _) = take(data, length.checked_add(h).ok_or_else(short)?)?;
            return Ok(bytes[h..].to_vec());
        }
        let blocks = count(&take(data, h)?.0)?;
        let length = blocks.checked_add(3).and_then(|n| n.checked_mul(h)).ok_or_else(short)?;
        if blocks == 0 {
            return Ok(Vec::new());
        }
        let (header, used) = take(data, length)?;
        let sizes: Vec<usize> = header[3 * h..].chunks(h).map(count).collect::<Result<_, _>>()?;
        let total = sizes
            .iter()
            .try_fold(0_usize, |sum, size| sum.checked_add(*size))
            .ok_or_else(short)?;
        let (packed, _) = take(&data[used..], total)?;
        let mut bytes = Vec::new();
        let mut begin = 0;
        for size in sizes {
            let mut block = flate2::read::ZlibDecoder::new(&packed[begin..begin + size]);
            block.read_to_end(&mut bytes).map_err(|_| short())?;
            begin += size;
        }
        Ok(bytes)
    }
}

/// The characters that XML writes with names.
fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}
