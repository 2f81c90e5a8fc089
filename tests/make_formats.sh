#!/usr/bin/env bash
# Writes the small files of tests/data/formats: one plan of twelve zones and one table of points in
# every format, by GDAL. They are what the mutation tests and the fuzz targets begin with.
set -euo pipefail
cd "$(dirname "$0")/.."
out=tests/data/formats
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OGR_CURRENT_DATE=2026-01-01T00:00:00.000Z
cargo run --quiet --locked --example generate_plan -- 12 "$work/plan.geojson" 7
cp "$work/plan.geojson" $out/plan.geojson
to() { ogr2ogr -f "$1" "$2" "$work/plan.geojson" -nln zones "${@:3}"; }
rm -f $out/plan.{geojsonl,gpkg,fgb,kml,dxf,zip,kmz} $out/points.{csv,xlsx}
to GeoJSONSeq $out/plan.geojsonl
to GPKG $out/plan.gpkg -lco SPATIAL_INDEX=NO
to FlatGeobuf $out/plan.fgb
to KML $out/plan.kml -t_srs EPSG:4326
ogr2ogr -f DXF $out/plan.dxf "$work/plan.geojson" -sql 'SELECT geometry, MaLoaiDat AS Layer FROM plan' -dialect SQLite
to "ESRI Shapefile" "$work/zones.shp" -lco ENCODING=UTF-8
(cd "$work" && zip -q -X plan.zip zones.shp zones.shx zones.dbf zones.prj zones.cpg) && mv "$work/plan.zip" $out/
(cd "$work" && cp "$OLDPWD/$out/plan.kml" doc.kml && zip -q -X plan.kmz doc.kml) && mv "$work/plan.kmz" $out/
cat > "$work/points.csv" <<'CSV'
Tên,Kinh độ,Vĩ độ,Số điện thoại,Loại
Trạm y tế A,104.87,21.70,0216 000 111,Trạm y tế
Xe cứu thương 1,104.88,21.71,0216 000 115,Xe cứu thương
CSV
cp "$work/points.csv" $out/points.csv
ogr2ogr -f XLSX $out/points.xlsx "$work/points.csv" -oo AUTODETECT_TYPE=YES -nln points
ls -la $out
