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

# An urban plan in layers, beside the existing state: lots, lines with a width, points.
layer() { # name, geometry, properties
    printf '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::9208"}},"features":[{"type":"Feature","properties":%s,"geometry":%s}]}' \
        "$3" "$2" > "$work/$1.geojson"
    layers+=("$1")
}
layers=()
square() { printf '{"type":"Polygon","coordinates":[[[%d,2401500],[%d,2401500],[%d,2401530],[%d,2401530],[%d,2401500]]]}' "$1" $(($1 + 30)) $(($1 + 30)) "$1" "$1"; }
layer PhanOQuyHoach_A "$(square 515000)" '{"KyHieuLoDat":"OM1","MaLoaiDat":"ODT","MatDoXD":"≤ 60%","SoTangToiDa":"1-5"}'
layer HT_PhanOQuyHoach_A "$(square 515060)" '{"KyHieuLoDat":"cu","MaLoaiDat":"ODT"}'
layer MangLuoiGiaoThongDuongBo_L '{"type":"LineString","coordinates":[[515000,2401492],[515090,2401492]]}' '{"TenDuong":"Đường Mẫu 1","LoGioi":"13,5 m"}'
layer MocGioiQuyHoach_P '{"type":"Point","coordinates":[515000,2401500]}' '{"Ten":"M1"}'
rm -f $out/layers.*
for name in "${layers[@]}"; do
    ogr2ogr -f GPKG -update -append $out/layers.gpkg "$work/$name.geojson" -nln "$name" -lco SPATIAL_INDEX=NO 2> /dev/null ||
        ogr2ogr -f GPKG $out/layers.gpkg "$work/$name.geojson" -nln "$name" -lco SPATIAL_INDEX=NO
    ogr2ogr -f LIBKML -update -append $out/layers.kml "$work/$name.geojson" -nln "$name" -t_srs EPSG:4326 2> /dev/null ||
        ogr2ogr -f LIBKML $out/layers.kml "$work/$name.geojson" -nln "$name" -t_srs EPSG:4326
    ogr2ogr -f "ESRI Shapefile" "$work/$name.shp" "$work/$name.geojson" -lco ENCODING=UTF-8
done
(cd "$work" && zip -q -X layers.zip ./*_[ALP].{shp,shx,dbf,prj,cpg}) && mv "$work/layers.zip" $out/
# Lots with their table of texts. It needs ezdxf: BANGTIN_TEST_PYTHON is the Python that tools/test.sh makes.
"${BANGTIN_TEST_PYTHON:-python3}" tests/clients/drawing.py frames $out/lots.dxf
ls -la $out
