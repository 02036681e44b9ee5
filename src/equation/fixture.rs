//! What the tests of equations put in: formulas in units of 1 and jets of closed forms.

use std::collections::BTreeMap;

use crate::jet::{Channels, CoordinateJet};
use crate::quantity::{Formula, Scales};

pub(super) const UNIT: Scales = Scales {
    length: 1.0,
    time: 1.0,
    field: 1.0,
    offset: 0.0,
    modulus: 1.0,
};

pub(super) fn formula(text: &str) -> Formula {
    Formula::parse(text, &BTreeMap::new(), [true; 5]).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The jets of all components, one after the other.
pub(super) fn jets(channels: Channels, components: &[CoordinateJet]) -> Vec<f64> {
    let mut data = vec![0.0; components.len() * channels.count()];
    for (component, out) in components.iter().zip(data.chunks_mut(channels.count())) {
        component.write(channels, out);
    }
    data
}
