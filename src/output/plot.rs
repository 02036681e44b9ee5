//! Line plots as SVG.

use std::path::Path;

use plotters::prelude::*;

use super::results::replace;
use crate::error::Error;

/// One line of a plot.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Its points; those that the axes cannot show are left out.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: Style,
    /// Which colour it has; curves that belong together share one.
    pub colour: usize,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line through its points.
    Line,
    /// A mark at each point.
    Marks,
    /// Both.
    MarkedLine,
}

/// A corner of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corner {
    /// Where growing curves end last.
    UpperLeft,
    /// Where falling curves never come.
    LowerLeft,
}

/// An axis, logarithmic always.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it shows, with the unit.
    pub label: String,
}

/// A plot with logarithmic axes.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The line above it.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines.
    pub curves: Vec<Curve>,
    /// Where the legend stands.
    pub legend: Corner,
}

/// Colours that people with a colour vision deficiency tell apart (Okabe & Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

impl Plot {
    /// Writes the plot.
    ///
    /// # Errors
    /// Nothing to show, or a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut svg = String::new();
        self.draw(&mut svg)
            .map_err(|error| Error::file("draw", path)(std::io::Error::other(error)))?;
        replace(path, svg.as_bytes())
    }

    fn draw(&self, svg: &mut String) -> Result<(), String> {
        let visible = |curve: &Curve| -> Vec<(f64, f64)> {
            let shown = |v: f64| v > 0.0 && v.is_finite();
            curve
                .points
                .iter()
                .copied()
                .filter(|(x, y)| shown(*x) && shown(*y))
                .collect()
        };
        let curves: Vec<(&Curve, Vec<(f64, f64)>)> = self.curves.iter().map(|curve| (curve, visible(curve))).collect();
        let range = |pick: fn(&(f64, f64)) -> f64| {
            let values = || curves.iter().flat_map(|(_, points)| points.iter().map(pick));
            let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
            let margin = (high / low).powf(0.05).max(1.1);
            (low.is_finite() && high > 0.0).then_some(low / margin..high * margin)
        };
        let (Some(xs), Some(ys)) = (range(|p| p.0), range(|p| p.1)) else {
            return Err("there is nothing to show".into());
        };
        let text = |error: DrawingAreaErrorKind<_>| -> String { error.to_string() };
        let area = SVGBackend::with_string(svg, (720, 480)).into_drawing_area();
        area.fill(&WHITE).map_err(text)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(72)
            .build_cartesian_2d(xs.log_scale(), ys.log_scale())
            .map_err(text)?;
        chart
            .configure_mesh()
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .label_style(("sans-serif", 13))
            .axis_desc_style(("sans-serif", 15))
            .light_line_style(RGBColor(240, 240, 240))
            .draw()
            .map_err(text)?;
        for (curve, points) in curves {
            let colour = COLOURS[curve.colour % COLOURS.len()];
            if curve.style != Style::Marks {
                let line = LineSeries::new(points.clone(), colour.stroke_width(2));
                let shown = chart.draw_series(line).map_err(text)?;
                if curve.style == Style::Line {
                    shown
                        .label(&curve.name)
                        .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
                }
            }
            if curve.style != Style::Line {
                let marks = points.into_iter().map(|at| Circle::new(at, 4, colour.filled()));
                chart
                    .draw_series(marks)
                    .map_err(text)?
                    .label(&curve.name)
                    .legend(move |(x, y)| Circle::new((x + 7, y), 4, colour.filled()));
            }
        }
        chart
            .configure_series_labels()
            .position(match self.legend {
                Corner::UpperLeft => SeriesLabelPosition::UpperLeft,
                Corner::LowerLeft => SeriesLabelPosition::LowerLeft,
            })
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(180, 180, 180))
            .label_font(("sans-serif", 13))
            .draw()
            .map_err(text)?;
        area.present().map_err(text)
    }
}

/// Plain from 0.01 to 99999, with a power of ten otherwise.
fn number(value: &f64) -> String {
    if (0.01..1e5).contains(value) {
        format!("{value}")
    } else {
        format!("{value:.0e}")
    }
}
