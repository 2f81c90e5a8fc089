//! Every text a page shows, Vietnamese and English, in one place.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The languages of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// `vi`, `en`
    pub fn code(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// One of two texts.
    pub fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// The language asked for by `?lang=`, else by Accept-Language: English where it is preferred
    /// to Vietnamese, Vietnamese in every other case.
    pub fn choose(query: Option<&str>, accept: Option<&str>) -> Self {
        match query {
            Some("en") => return Self::En,
            Some("vi") => return Self::Vi,
            _ => {}
        }
        let mut best = (0.0, Self::Vi);
        for part in accept.unwrap_or_default().split(',') {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            let lang = match tag.split('-').next() {
                Some("vi") => Self::Vi,
                Some("en") => Self::En,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, lang);
            }
        }
        best.1
    }
}

/// Key, Vietnamese, English.
const TEXTS: &[(&str, &str, &str)] = &[
    ("board", "Bảng tin", "Notice board"),
    ("skip", "Đến nội dung chính", "Skip to content"),
    ("other-language", "English", "Tiếng Việt"),
    ("home", "Trang chủ", "Home"),
    ("search", "Tìm", "Search"),
    ("search-label", "Tìm theo tên hoặc mã", "Search by name or code"),
    (
        "search-none",
        "Không tìm thấy nội dung nào. Hãy thử ít từ hơn, hoặc nhập mã in dưới mã QR.",
        "Nothing found. Try fewer words, or enter the code printed below the QR code.",
    ),
    ("results", "Kết quả", "Results"),
    ("all-collections", "Tất cả danh mục", "All collections"),
    ("more", "Xem tiếp", "More"),
    ("in-force", "ĐANG CÓ HIỆU LỰC", "IN FORCE"),
    ("upcoming", "CHƯA CÓ HIỆU LỰC", "NOT YET IN FORCE"),
    ("superseded", "ĐÃ ĐƯỢC THAY THẾ", "SUPERSEDED"),
    ("withdrawn", "ĐÃ THU HỒI", "WITHDRAWN"),
    ("expired", "ĐÃ HẾT HIỆU LỰC", "NO LONGER IN FORCE"),
    ("cancelled", "ĐÃ HỦY", "CANCELLED"),
    ("active", "ĐANG HOẠT ĐỘNG", "ACTIVE"),
    ("ended", "ĐÃ KẾT THÚC", "ENDED"),
    ("starting", "SẮP DIỄN RA", "COMING SOON"),
    ("running", "HÔM NAY ĐANG DIỄN RA", "TAKING PLACE TODAY"),
    ("ongoing", "ĐANG TRIỂN KHAI", "GOING ON"),
    ("since", "từ ngày", "since"),
    ("from", "từ ngày", "from"),
    ("until", "đến hết ngày", "until the end of"),
    ("ended-on", "hết ngày", "ended on"),
    ("by-decision", "theo Quyết định", "by decision"),
    ("of-day", "ngày", "of"),
    ("upcoming-revision", "Sẽ có nội dung mới có hiệu lực", "A new revision takes effect"),
    ("see-upcoming", "Xem nội dung mới", "See the new revision"),
    ("replaced-by", "Được thay thế bởi", "Replaced by"),
    ("withdrawn-because", "Lý do thu hồi", "Why it was withdrawn"),
    ("look-instead", "Xem nội dung thay thế", "See what replaces it"),
    ("what-it-means", "Nội dung chính", "What it means"),
    ("facts", "Thông tin", "Facts"),
    ("decision", "Quyết định số", "Decision no."),
    ("authority", "Cơ quan ban hành", "Issued by"),
    ("signed", "Ngày ký", "Signed on"),
    ("signatory", "Người ký", "Signed by"),
    ("period", "Thời kỳ quy hoạch", "Planning period"),
    ("vision", "Tầm nhìn đến năm", "Vision to"),
    ("scale", "Tỷ lệ", "Scale"),
    ("level", "Cấp", "Level"),
    ("adjustment", "Loại điều chỉnh", "Adjustment"),
    ("adjustment-first", "Phê duyệt lần đầu", "First approval"),
    ("adjustment-overall", "Điều chỉnh tổng thể", "Overall adjustment"),
    ("adjustment-local", "Điều chỉnh cục bộ", "Local adjustment"),
    ("information-code", "Mã thông tin quy hoạch", "Planning-information code"),
    ("effective-from", "Có hiệu lực từ", "In force from"),
    ("effective-to", "Có hiệu lực đến hết", "In force until"),
    ("units", "Địa bàn", "Where"),
    ("whole-city", "Toàn thành phố", "The whole city"),
    ("now-part-of", "nay thuộc", "today part of"),
    ("pages", "trang", "pages"),
    ("revision", "Lần công bố", "Revision"),
    ("map", "Bản đồ", "Map"),
    ("map-alt", "Bản đồ do máy chủ vẽ từ dữ liệu đã công bố", "Map drawn from the published data"),
    ("land-use", "Cơ cấu sử dụng đất", "Land use"),
    ("code", "Mã", "Code"),
    ("land-use-name", "Loại đất", "Land use"),
    ("area", "Diện tích (ha)", "Area (ha)"),
    ("share", "Tỷ lệ (%)", "Share (%)"),
    ("total", "Tổng cộng", "Total"),
    (
        "area-note",
        "Diện tích tính trên mặt phẳng VN-2000 như trong quyết định.",
        "Areas are measured in the VN-2000 plane, as decisions print them.",
    ),
    ("documents", "Tài liệu", "Documents"),
    ("document-decision", "Quyết định", "Decision"),
    ("document-report", "Thuyết minh", "Report"),
    ("document-map", "Bản đồ", "Map"),
    ("document-source", "Dữ liệu gốc", "Source data"),
    ("document-other", "Tài liệu khác", "Other"),
    ("history", "Lịch sử", "History"),
    ("full-history", "Xem toàn bộ lịch sử", "Full history"),
    ("published-at", "Công bố lúc", "Published at"),
    ("corrected", "Đính chính", "Corrected"),
    ("fields", "nội dung sửa", "fields"),
    ("cancel-reason", "Lý do hủy", "Why it was cancelled"),
    ("this-revision", "Đây là một lần công bố trong lịch sử. ", "This is one revision in the history. "),
    ("see-current", "Xem nội dung hiện hành", "See what holds today"),
    ("data", "Dữ liệu mở", "Open data"),
    ("share-qr", "Mã QR của trang này", "QR code of this page"),
    ("qr-explain", "Quét để mở lại trang này. Mã ngắn:", "Scan to open this page again. Short code:"),
    (
        "reference-only",
        "Thông tin trên trang này chỉ có giá trị tham khảo; văn bản gốc có giá trị pháp lý.",
        "This page is for reference only; the original document is what counts in law.",
    ),
    ("decision-digest", "SHA-256 của quyết định đính kèm", "SHA-256 of the attached decision"),
    ("updated", "Cập nhật lần cuối lúc", "Last updated at"),
    ("ask", "Hỏi", "Questions"),
    ("contact", "Liên hệ", "Contact"),
    ("call", "Gọi", "Call"),
    (
        "no-dispatch",
        "Trang này không điều xe. Khi khẩn cấp, hãy gọi số trên.",
        "This page does not dispatch. In an emergency, call the number above.",
    ),
    ("duty", "Tình trạng", "Status"),
    ("duty-at", "Ghi nhận lúc", "As of"),
    ("duty-ready", "Sẵn sàng", "Ready"),
    ("duty-out", "Đang đi", "Out on call"),
    ("duty-off", "Ngừng trực", "Off duty"),
    ("duty-unknown", "Không rõ (thông tin đã cũ)", "Unknown (the information is old)"),
    ("address", "Địa chỉ", "Address"),
    ("role", "Chức năng", "Role"),
    ("operator", "Đơn vị quản lý", "Run by"),
    ("hours", "Giờ làm việc", "Hours"),
    ("always-open", "Cả ngày lẫn đêm, cả tuần", "Day and night, all week"),
    ("languages", "Ngôn ngữ", "Languages"),
    ("position", "Tọa độ (vĩ độ, kinh độ)", "Coordinates (latitude, longitude)"),
    ("organiser", "Đơn vị tổ chức", "Organised by"),
    ("day", "Ngày", "Day"),
    ("every", "Hằng tuần vào", "Every"),
    ("next-day", "Lần tới", "Next"),
    ("today", "Hôm nay", "Today"),
    ("monday", "Thứ Hai", "Monday"),
    ("tuesday", "Thứ Ba", "Tuesday"),
    ("wednesday", "Thứ Tư", "Wednesday"),
    ("thursday", "Thứ Năm", "Thursday"),
    ("friday", "Thứ Sáu", "Friday"),
    ("saturday", "Thứ Bảy", "Saturday"),
    ("sunday", "Chủ Nhật", "Sunday"),
    ("places", "Nơi tham gia", "Participating places"),
    ("payment", "Thanh toán", "Payment"),
    ("offer", "Ưu đãi", "Offer"),
    ("figures", "Mục tiêu và kết quả", "Targets and results"),
    ("figure", "Chỉ tiêu", "Figure"),
    ("target", "Mục tiêu", "Target"),
    ("actual", "Kết quả", "Result"),
    ("difference", "Chênh lệch", "Difference"),
    ("points", "điểm %", "points"),
    ("figures-as-of", "Số liệu đến ngày", "Figures as of"),
    ("figures-source", "Nguồn số liệu", "Source of the figures"),
    ("features", "Số đối tượng", "Features"),
    ("plans", "Quy hoạch, kế hoạch", "Plans"),
    ("zones", "Vùng sử dụng đất", "Land-use zones"),
    ("ambulances", "Xe cứu thương", "Ambulances"),
    ("health-workers", "Nhân viên y tế", "Health workers"),
    ("health-stations", "Cơ sở y tế", "Health stations"),
    ("advisory-desks", "Bàn tư vấn", "Advisory desks"),
    ("digital-teams", "Tổ công nghệ số", "Digital teams"),
    ("campaigns", "Chiến dịch", "Campaigns"),
    ("land-use-plan", "Quy hoạch sử dụng đất", "Land-use plan"),
    ("land-use-schedule", "Kế hoạch sử dụng đất", "Land-use schedule"),
    ("construction-plan", "Quy hoạch xây dựng", "Construction plan"),
    ("general-plan", "Quy hoạch chung", "General plan"),
    ("zoning-plan", "Quy hoạch phân khu", "Zoning plan"),
    ("detailed-plan", "Quy hoạch chi tiết", "Detailed plan"),
    ("ambulance", "Xe cứu thương", "Ambulance"),
    ("health-worker", "Nhân viên y tế", "Health worker"),
    ("health-station", "Cơ sở y tế", "Health station"),
    ("advisory-desk", "Bàn tư vấn", "Advisory desk"),
    ("digital-team", "Tổ công nghệ số cộng đồng", "Community digital team"),
    ("cashless-day", "Ngày không dùng tiền mặt", "Cashless Day"),
    ("marketplace-day", "Ngày lên sàn thương mại điện tử", "Marketplace day"),
    ("eid-drive", "Cấp định danh điện tử", "e-ID drive"),
    ("digital-month", "Tháng chuyển đổi số", "Digital month"),
    ("training", "Tập huấn", "Training"),
    ("not-found", "Không tìm thấy trang này", "This page was not found"),
    (
        "not-found-help",
        "Địa chỉ có thể đã gõ sai. Hãy nhập mã in dưới mã QR, hoặc tìm theo tên.",
        "The address may be mistyped. Enter the code printed below the QR code, or search by name.",
    ),
    ("code-unknown", "Chưa có nội dung nào mang mã này", "Nothing has been published under this code"),
    ("code-wrong", "Mã này bị gõ sai", "This code is mistyped"),
    (
        "code-wrong-help",
        "Ký tự kiểm tra không khớp. Hãy đối chiếu từng ký tự với mã in dưới mã QR (không có chữ I, L, O, U).",
        "Its check character does not fit. Compare each character with the code printed below the QR code (there is no I, L, O or U).",
    ),
    (
        "code-shape-help",
        "Mã có 9 ký tự chữ và số, in dưới mã QR (không có chữ I, L, O, U).",
        "A code has 9 letters and digits, printed below the QR code (there is no I, L, O or U).",
    ),
    (
        "fake-qr",
        "Nếu mã được dán đè hoặc in ở nơi lạ, hãy báo cho cơ quan nêu trên.",
        "If the code was pasted over or printed in an odd place, tell the office named above.",
    ),
    ("unavailable", "Tạm thời không đọc được dữ liệu này", "This data cannot be read just now"),
    ("unavailable-help", "Hãy thử lại sau ít phút.", "Try again in a few minutes."),
    ("damaged", "Dữ liệu này bị hỏng nên không được hiển thị", "This data is damaged and is not shown"),
    ("nothing-here", "Chưa có nội dung nào.", "Nothing here yet."),
    (
        "welcome",
        "Thông tin công khai của thành phố: quy hoạch, y tế, chuyển đổi số.",
        "The city's public notices: plans, health, digital services.",
    ),
    ("number-found", "nội dung", "items"),
    ("json", "GeoJSON", "GeoJSON"),
    ("emergency", "Khẩn cấp", "Emergency"),
    ("field-id", "Mã đối tượng", "Feature id"),
    ("field-code", "Mã bảng tin", "Notice code"),
    ("field-effective_from", "Có hiệu lực từ", "In force from"),
    ("field-effective_to", "Có hiệu lực đến hết", "In force until"),
    ("field-kind", "Loại", "Kind"),
    ("field-revision", "Lần công bố", "Revision"),
    ("field-status", "Hiệu lực", "Status"),
    ("field-title", "Tên", "Title"),
    ("field-updated", "Cập nhật lúc", "Updated at"),
    ("field-url", "Trang thông tin", "Page"),
    ("field-summary", "Nội dung chính", "Summary"),
    ("field-units", "Địa bàn (mã đơn vị)", "Units"),
    ("field-adjustment", "Loại điều chỉnh", "Adjustment"),
    ("field-area_ha", "Diện tích (ha)", "Area (ha)"),
    ("field-authority", "Cơ quan ban hành", "Issued by"),
    ("field-decision", "Quyết định số", "Decision no."),
    ("field-information_code", "Mã thông tin quy hoạch", "Planning-information code"),
    ("field-level", "Cấp", "Level"),
    ("field-period_from", "Năm đầu thời kỳ", "First year of the period"),
    ("field-period_to", "Năm cuối thời kỳ", "Last year of the period"),
    ("field-scale", "Tỷ lệ bản đồ", "Scale"),
    ("field-signatory", "Người ký", "Signed by"),
    ("field-signed", "Ngày ký", "Signed on"),
    ("field-vision", "Tầm nhìn đến năm", "Vision to"),
    ("field-zone_count", "Số vùng", "Number of zones"),
    ("field-plan", "Mã quy hoạch", "Code of the plan"),
    ("field-campaign", "Mã chiến dịch", "Code of the campaign"),
    ("field-land_use", "Mã loại đất", "Land-use code"),
    ("field-land_use_name", "Loại đất", "Land use"),
    ("field-name", "Tên gọi", "Name"),
    ("field-name_en", "Tên tiếng Anh", "English name"),
    ("field-note", "Ghi chú", "Note"),
    ("field-address", "Địa chỉ", "Address"),
    ("field-always_open", "Phục vụ cả ngày đêm", "Day and night"),
    ("field-hours", "Giờ làm việc", "Hours"),
    ("field-languages", "Ngôn ngữ", "Languages"),
    ("field-operator", "Đơn vị quản lý", "Run by"),
    ("field-phone", "Điện thoại", "Phone"),
    ("field-role", "Chức năng", "Role"),
    ("field-duty", "Tình trạng trực", "Duty"),
    ("field-duty_at", "Ghi nhận lúc", "Duty as of"),
    ("field-next_day", "Lần tới", "Next day"),
    ("field-organiser", "Đơn vị tổ chức", "Organised by"),
    ("field-place_count", "Số nơi tham gia", "Number of places"),
    ("field-offer", "Ưu đãi", "Offer"),
    ("field-payment", "Thanh toán", "Payment"),
    ("field-successors", "Đơn vị kế thừa", "Successors"),
    ("field-valid_from", "Thành lập ngày", "Valid from"),
    ("field-valid_to", "Hết tồn tại sau ngày", "Valid until"),
    ("units-collection", "Đơn vị hành chính", "Administrative units"),
    (
        "about-plans",
        "Mỗi quy hoạch, kế hoạch là một đối tượng: ranh giới và thông tin quyết định.",
        "One feature a plan: its outline and its decision.",
    ),
    (
        "about-zones",
        "Mọi vùng sử dụng đất đang có hiệu lực, kèm mã loại đất và diện tích.",
        "Every land-use zone in force, with its code and area.",
    ),
    (
        "about-ambulances",
        "Xe cứu thương: vị trí, tình trạng trực, số gọi.",
        "Ambulances: where they stand, whether they are on duty, whom to call.",
    ),
    ("about-health-workers", "Nhân viên y tế thôn, tổ dân phố.", "Village and neighbourhood health workers."),
    ("about-health-stations", "Trạm y tế, bệnh viện, phòng khám.", "Health stations, hospitals, clinics."),
    ("about-advisory-desks", "Bàn tư vấn cho người dân.", "Desks where residents are advised."),
    ("about-digital-teams", "Tổ công nghệ số cộng đồng.", "Community digital teams."),
    ("about-campaigns", "Ngày không dùng tiền mặt và các chiến dịch khác.", "The Cashless Day and other campaigns."),
    ("about-places", "Các nơi tham gia chiến dịch đang diễn ra.", "Places that take part in running campaigns."),
    (
        "about-units",
        "Phường, xã qua các thời kỳ; mã gồm mã đơn vị và năm bắt đầu hiệu lực.",
        "Wards and communes of all generations; an id is the code and the first year of its validity.",
    ),
    ("bad-request", "Yêu cầu có chỗ sai", "Something in the request is wrong"),
    ("gone", "Không có hiệu lực vào lúc được hỏi", "Not in force then"),
    ("conformance", "Tuân thủ tiêu chuẩn", "Conformance"),
    ("api", "Giao diện lập trình (API)", "The API"),
    ("addresses", "Các địa chỉ", "Addresses"),
    ("licence", "Giấy phép dữ liệu", "Licence of the data"),
    ("columns", "Các cột dữ liệu", "Columns"),
    ("column", "Cột", "Column"),
    ("column-type", "Kiểu", "Type"),
    ("meaning", "Ý nghĩa", "Meaning"),
    ("browse", "Xem danh sách", "Browse the list"),
    ("interactive-map", "Mở bản đồ tương tác", "Open the interactive map"),
    ("interactive-map-note", "Cần JavaScript; tải khoảng 60 KB.", "Needs JavaScript; loads some 60 KB."),
    ("needs-javascript", "Bản đồ này cần JavaScript. Danh sách dưới dạng bảng không cần:", "This map needs JavaScript. The list does not:"),
    ("map-loading", "Đang tải bản đồ…", "Loading the map…"),
    ("map-shown", "Số đối tượng trên bản đồ:", "Features on the map:"),
    ("map-more", "Còn nữa: hãy phóng to để xem đủ.", "There are more: zoom in to see all."),
    ("map-failed", "Không tải được dữ liệu. Hãy thử lại.", "The data could not be loaded. Try again."),
    ("downloads", "Tải về toàn bộ", "Download everything"),
    ("styles", "Kiểu vẽ sẵn", "Ready styles"),
    ("vector-tiles", "Mảnh bản đồ vectơ (TileJSON)", "Vector tiles (TileJSON)"),
    ("use-in-qgis", "Dùng trong QGIS", "Use it in QGIS"),
    (
        "qgis-1",
        "Mở QGIS, chọn Lớp → Thêm lớp → Thêm lớp WFS / OGC API – Features.",
        "Open QGIS and choose Layer → Add Layer → Add WFS / OGC API – Features Layer.",
    ),
    (
        "qgis-2",
        "Bấm “Mới”, dán địa chỉ này vào ô URL, chọn phiên bản “OGC API – Features”, bấm OK:",
        "Press “New”, paste this address into URL, choose version “OGC API – Features”, press OK:",
    ),
    ("qgis-3", "Bấm “Kết nối”, chọn các lớp cần dùng, bấm “Thêm”.", "Press “Connect”, choose the layers you need, press “Add”."),
    (
        "qgis-4",
        "Muốn có màu loại đất: tải tệp .qml ở trang của lớp “Vùng sử dụng đất” rồi nạp vào lớp (Thuộc tính → Kiểu → Nạp kiểu).",
        "For the land-use colours load the .qml file from the page of the layer “Land-use zones” (Properties → Style → Load Style).",
    ),
    ("use-in-gdal", "Bằng dòng lệnh (GDAL):", "On the command line (GDAL):"),
    ("shown-of", "trên tổng số", "of"),
    ("next-page", "Trang sau", "Next page"),
    ("previous-page", "Trang trước", "Previous page"),
    ("filter-label", "Bộ lọc (CQL2), ví dụ: land_use = 'ODT'", "Filter (CQL2), for example: land_use = 'ODT'"),
    ("filter", "Lọc", "Filter"),
    ("yes", "có", "yes"),
    ("no", "không", "no"),
    ("part-of", "Thuộc", "Part of"),
];

static BY_KEY: LazyLock<HashMap<&'static str, (&'static str, &'static str)>> =
    LazyLock::new(|| TEXTS.iter().map(|(key, vi, en)| (*key, (*vi, *en))).collect());

/// The text of a key; a key without a text is shown as it is.
pub fn text(lang: Lang, key: &str) -> &str {
    match BY_KEY.get(key) {
        Some((vi, en)) => lang.pick(vi, en),
        None => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::is_nfc;

    #[test]
    fn every_text_is_there_once_in_both_languages_and_in_nfc() {
        assert_eq!(BY_KEY.len(), TEXTS.len(), "a key stands twice");
        for (key, vi, en) in TEXTS {
            assert!(!vi.is_empty() && !en.is_empty() && is_nfc(vi), "{key}");
        }
    }

    #[test]
    fn every_key_that_the_pages_use_has_a_text() {
        for property in crate::read_model::layers::collections().iter().flat_map(|collection| &collection.properties) {
            assert!(BY_KEY.contains_key(format!("field-{}", property.name).as_str()), "no text for “{}”", property.name);
        }
        for source in [include_str!("page.rs"), include_str!("home.rs"), include_str!("layout.rs"), include_str!("collections.rs")] {
            for call in ["(t(\"", ".t(\"", " t(\""] {
                for piece in source.split(call).skip(1) {
                    let key = piece.split('"').next().expect("key");
                    assert!(BY_KEY.contains_key(key), "no text for “{key}”");
                }
            }
        }
    }

    #[test]
    fn english_is_chosen_only_where_it_is_preferred() {
        assert_eq!(Lang::choose(None, Some("en-US,en;q=0.9,vi;q=0.8")), Lang::En);
        assert_eq!(Lang::choose(None, Some("vi,en;q=0.9")), Lang::Vi);
        assert_eq!(Lang::choose(None, Some("fr")), Lang::Vi);
        assert_eq!(Lang::choose(Some("vi"), Some("en")), Lang::Vi);
    }
}
