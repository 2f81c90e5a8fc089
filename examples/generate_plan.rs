//! Writes a plan of any size: `generate_plan ZONES FILE [SEED] [wgs84]`. For benches and for trying things out.

#[path = "../tests/suite/generator.rs"]
mod generator;

use std::fs::File;
use std::io::BufWriter;

use bangtin::geometry::crs::Crs;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let usage = "generate_plan ZONES FILE [SEED] [wgs84]";
    let zones = arguments.get(1).ok_or(usage)?.parse()?;
    let mut out = BufWriter::new(File::create(arguments.get(2).ok_or(usage)?)?);
    let seed = arguments.get(3).map_or(Ok(1), |seed| seed.parse())?;
    let plan = generator::plan(zones, seed);
    if arguments.get(4).is_some_and(|word| word == "wgs84") {
        let crs = Crs::new(9208)?;
        let place = |[x, y]: [f64; 2]| {
            let [lon, lat] = crs.to_wgs84(x, y).unwrap_or_default();
            format!("[{lon:.7},{lat:.7}]")
        };
        generator::geojson(plan, None, &place, &mut out)?;
    } else {
        generator::geojson(plan, Some(9208), &|[x, y]| format!("[{x},{y}]"), &mut out)?;
    }
    Ok(())
}
