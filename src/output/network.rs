//! The trained network as a safetensors file.

use std::collections::HashMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::results::replace;
use crate::error::Error;
use crate::jet::Architecture;

/// Writes `layerN.weight`, `[in, out]`, and `layerN.bias`, `[out]`, in f64, and what a reader needs to evaluate them: the
/// input map ξ = (x − center)·slope on dimensionless coordinates, which of them enter as they are, the Fourier matrix, the activation, the length scale.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn write_network(
    path: &Path,
    architecture: &Architecture,
    parameters: &[f64],
    length: f64,
) -> Result<(), Error> {
    let mut arrays: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let encode = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    for (l, layer) in architecture.layers().iter().enumerate() {
        let weights = encode(&parameters[layer.weights.clone()]);
        arrays.push((format!("layer{l}.weight"), vec![layer.inputs, layer.outputs], weights));
        arrays.push((
            format!("layer{l}.bias"),
            vec![layer.outputs],
            encode(&parameters[layer.biases.clone()]),
        ));
    }
    let d = architecture.coordinates();
    arrays.push(("input.center".into(), vec![d], encode(&architecture.center)));
    arrays.push(("input.slope".into(), vec![d], encode(&architecture.slope)));
    if !architecture.frequencies.is_empty() && !architecture.plain.is_empty() {
        let plain: Vec<f64> = architecture.plain.iter().map(|axis| *axis as f64).collect();
        arrays.push(("input.plain".into(), vec![plain.len()], encode(&plain)));
    }
    if !architecture.frequencies.is_empty() {
        let shape = vec![architecture.frequencies.len() / d, d];
        arrays.push(("input.frequencies".into(), shape, encode(&architecture.frequencies)));
    }
    if !architecture.poles.is_empty() {
        let values: Vec<f64> = architecture
            .poles
            .iter()
            .flat_map(|pole| [pole.center[0], pole.center[1], pole.center[2], pole.radius, pole.power])
            .collect();
        arrays.push(("input.poles".into(), vec![architecture.poles.len(), 5], encode(&values)));
    }
    let views = arrays.iter().filter_map(|(name, shape, data)| {
        let view = TensorView::new(Dtype::F64, shape.clone(), data).ok()?;
        Some((name.as_str(), view))
    });
    // One entry only: the order of several would differ from run to run.
    let description = format!("activation: {:?}, length: {length}", architecture.activation);
    let metadata = HashMap::from([("pinn".to_string(), description)]);
    let bytes = safetensors::serialize(views, Some(metadata))
        .map_err(|error| Error::file("write", path)(std::io::Error::other(error.to_string())))?;
    replace(path, &bytes)
}
