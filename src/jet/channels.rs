//! Which derivatives of a field are carried, and how a point function reads them.

use serde::Serialize;

/// The highest derivatives that an equation or a condition needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Order {
    /// The value only.
    Value,
    /// Value and first derivatives.
    First,
    /// Value, first derivatives and the Laplacian over the space coordinates (one collapsed channel).
    Laplacian,
    /// Value, first derivatives and every second derivative over the space coordinates.
    Hessian,
}

/// The layout of a jet: value, D first derivatives (space, then time), then the second-order channels.
///
/// With d space coordinates, D = d (+ 1 with time): `Value` has 1 channel, `First` 1 + D, `Laplacian` 2 + D and
/// `Hessian` 1 + D + d(d+1)/2, the pairs (j, k), j ≤ k in row order. Time is differentiated once at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channels {
    /// Number of space coordinates d, 1 to 3.
    pub space: usize,
    /// Whether time is the last coordinate.
    pub time: bool,
    /// The derivatives carried.
    pub order: Order,
}

impl Channels {
    /// The layout for `space` space coordinates, `time` and the given order.
    pub fn new(space: usize, time: bool, order: Order) -> Self {
        Self { space, time, order }
    }

    /// Number of coordinates D, time included.
    #[inline(always)]
    pub fn coordinates(&self) -> usize {
        self.space + usize::from(self.time)
    }

    /// Number of first-order channels.
    #[inline(always)]
    pub fn firsts(&self) -> usize {
        if self.order == Order::Value {
            0
        } else {
            self.coordinates()
        }
    }

    /// Number of second-order channels.
    #[inline(always)]
    pub fn seconds(&self) -> usize {
        match self.order {
            Order::Value | Order::First => 0,
            Order::Laplacian => 1,
            Order::Hessian => self.space * (self.space + 1) / 2,
        }
    }

    /// Number of channels K.
    #[inline(always)]
    pub fn count(&self) -> usize {
        1 + self.firsts() + self.seconds()
    }

    /// Index of the channel ∂/∂x_j.
    #[inline(always)]
    pub fn first(&self, j: usize) -> usize {
        1 + j
    }

    /// Index of the channel ∂²/∂x_j∂x_k of the `Hessian` layout.
    #[inline(always)]
    pub fn second(&self, j: usize, k: usize) -> usize {
        let (j, k) = (j.min(k), j.max(k));
        // Row j of the upper triangle starts after j rows of lengths d, d−1, …
        1 + self.coordinates() + j * self.space - j * (j + 1) / 2 + k
    }

    /// Index of the collapsed channel of the `Laplacian` layout.
    #[inline(always)]
    pub fn laplacian(&self) -> usize {
        1 + self.coordinates()
    }

    /// The channels whose sum is the Laplacian over the space coordinates; none of the layouts without second derivatives.
    pub fn laplacian_channels(&self) -> impl Iterator<Item = usize> + use<> {
        let channels = *self;
        let count = match self.order {
            Order::Value | Order::First => 0,
            Order::Laplacian => 1,
            Order::Hessian => self.space,
        };
        (0..count).map(move |j| match channels.order {
            Order::Hessian => channels.second(j, j),
            _ => channels.laplacian(),
        })
    }

    /// The pairs (j, k), j ≤ k, of the `Hessian` layout in channel order.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let space = self.space;
        (0..space).flat_map(move |j| (j..space).map(move |k| (j, k)))
    }
}

/// A field of m components at one point: its value and the derivatives that its channels hold.
///
/// # Shapes
/// `data` is `[m, K]`, component-major.
#[derive(Clone, Copy, Debug)]
pub struct Jet<'a> {
    channels: Channels,
    data: &'a [f64],
}

impl<'a> Jet<'a> {
    /// Views `data`, `[m, K]`, as a jet.
    pub fn new(channels: Channels, data: &'a [f64]) -> Self {
        debug_assert_eq!(data.len() % channels.count(), 0);
        Self { channels, data }
    }

    /// The layout of this jet.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    fn at(&self, component: usize, channel: usize) -> f64 {
        self.data[component * self.channels.count() + channel]
    }

    /// The jet without its first components.
    pub fn skip(&self, components: usize) -> Self {
        Self {
            channels: self.channels,
            data: &self.data[components * self.channels.count()..],
        }
    }

    /// u_c.
    pub fn value(&self, c: usize) -> f64 {
        self.at(c, 0)
    }

    /// ∂u_c/∂x_j; j = d is time.
    pub fn first(&self, c: usize, j: usize) -> f64 {
        self.at(c, self.channels.first(j))
    }

    /// ∂u_c/∂t.
    pub fn rate(&self, c: usize) -> f64 {
        self.at(c, self.channels.first(self.channels.space))
    }

    /// ∂²u_c/∂x_j∂x_k; needs the `Hessian` layout.
    pub fn second(&self, c: usize, j: usize, k: usize) -> f64 {
        self.at(c, self.channels.second(j, k))
    }

    /// Δu_c over the space coordinates; needs `Laplacian` or `Hessian`.
    pub fn laplacian(&self, c: usize) -> f64 {
        match self.channels.order {
            Order::Hessian => (0..self.channels.space).map(|j| self.second(c, j, j)).sum(),
            _ => self.at(c, self.channels.laplacian()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hessian_channels_are_numbered_without_gaps() {
        for space in 1..=3 {
            for time in [false, true] {
                let channels = Channels::new(space, time, Order::Hessian);
                let indices: Vec<_> = channels.pairs().map(|(j, k)| channels.second(k, j)).collect();
                let expected: Vec<_> = (1 + channels.coordinates()..channels.count()).collect();
                assert_eq!(indices, expected);
            }
        }
    }
}
