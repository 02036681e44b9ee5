//! What the rest of the program asks of an equation whatever its coefficients are: names, units, motions.

/// The families of equations, which share their conditions and coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Displacements of elastic bodies.
    Elasticity,
    /// Temperatures and other concentrations.
    Diffusion,
}

/// The physics of an equation that a problem file can name.
pub trait Physics {
    /// The family that it belongs to.
    fn family(&self) -> Family;

    /// Whether x is the distance from an axis of rotation.
    fn axisymmetric(&self) -> bool;

    /// Names of the field's components in problem files and reports, for example `ux`.
    fn components(&self) -> &'static [&'static str];

    /// Whether the field is a vector, of which a mirror plane holds the normal component.
    fn vector(&self) -> bool;

    /// Whether the field counts from a level of its own, as a temperature does: one constant is then as good as another.
    fn level(&self) -> bool;

    /// The name of the normal flux on a boundary in reports: `traction`.
    fn load(&self) -> &'static str;

    /// The fields without flux in `dimension` coordinates, which conditions must hold in a steady problem.
    fn motions(&self, dimension: usize) -> Vec<Motion>;

    /// The fault of a steady problem whose conditions leave the motions of these names free, with a hint.
    fn unheld(&self, free: &[&'static str]) -> (String, &'static str);

    /// SI unit of a source: flux per length.
    fn source_unit(&self) -> &'static str;

    /// What should balance over a body.
    fn balances(&self, transient: bool) -> Balances;
}

/// Names and SI units of what should balance over a body: of a bar per area, of a plane body per depth, and of a solid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balances {
    /// What the loads are, for example `forces`.
    pub loads: (&'static str, [&'static str; 3]),
    /// Moments, if the loads have them; a bar has none.
    pub moments: Option<[&'static str; 3]>,
    /// Work of the loads.
    pub energy: [&'static str; 3],
}

/// A field without flux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Motion {
    /// Its name in messages.
    pub name: &'static str,
    kind: MotionKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MotionKind {
    /// A component is 1 everywhere.
    Shift(usize),
    /// A turn from the first axis to the second.
    Turn(usize, usize),
}

impl Motion {
    pub(super) fn shift(name: &'static str, component: usize) -> Self {
        let kind = MotionKind::Shift(component);
        Self { name, kind }
    }

    pub(super) fn turn(name: &'static str, from: usize, to: usize) -> Self {
        let kind = MotionKind::Turn(from, to);
        Self { name, kind }
    }

    /// A component of the field at a place, which counts from the middle of the body.
    pub fn component(&self, place: [f64; 3], component: usize) -> f64 {
        match self.kind {
            MotionKind::Shift(own) => f64::from(u8::from(own == component)),
            MotionKind::Turn(from, to) if component == from => -place[to],
            MotionKind::Turn(from, to) if component == to => place[from],
            MotionKind::Turn(..) => 0.0,
        }
    }
}
