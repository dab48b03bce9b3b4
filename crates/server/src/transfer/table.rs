//! A table: what its columns mean, and a record for each row.

use std::io::{self, BufRead, BufReader, Read};

use serde_json::{Map, Value, json};

use super::{
    column::{Columns, Delimiter, Place, ROLES, Type},
    lines::LONGEST_BYTES,
    parse::{self, Namer},
    record::{EdgeItem, End, Item, Kind, NodeItem, Position, Record},
    rows::{Row, Rows, fields},
};

/// What sets columns apart in most tables.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// What every row of a table means.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The header as it stands.
    head: String,
    header: Vec<String>,
    places: Vec<Place>,
    classes: Vec<String>,
    kind: Kind,
    delimiter: u8,
}

impl Layout {
    /// From the header. A table with a column for a relation and one for each end holds edges, another one nodes.
    pub(super) fn new(header: &Header, columns: &Columns, classes: &[String]) -> Result<Self, String> {
        let (delimiter, head, header) = (header.delimiter, header.text.clone(), header.names.clone());
        if head.is_empty() {
            return Err("has no header".into());
        }
        let is_named = |name: &str| columns.0.iter().any(|(_, column)| column == name);
        if let [only] = header.as_slice()
            && only.contains(DELIMITERS)
            && !is_named(only)
        {
            let (only, by) = (only.escape_debug(), char::from(delimiter).escape_debug());
            return Err(format!("has one column, `{only}`: columns are set apart by `{by}`, unless --delimiter says otherwise"));
        }
        if let Some(at) = header.iter().position(|name| name.is_empty() && !is_named(name)) {
            return Err(format!("the column {} has no name: give it one, or say --columns props.NAME=", at + 1));
        }
        let place = |name: &String| {
            if let Some((place, _)) = columns.0.iter().find(|(_, column)| column == name) {
                return Ok(place.clone());
            }
            let is_free = |role: &&'static str| !columns.0.iter().any(|(taken, _)| *taken == Place::Role(role));
            match ROLES.into_iter().filter(|role| role == name).find(is_free) {
                Some(role) => Ok(Place::Role(role)),
                None => Ok(Place::named(name)?.unwrap_or_else(|| Place::Props(name.to_owned(), Type::Text))),
            }
        };
        let again = |(at, (_, name)): (usize, &(_, String))| columns.0.iter().take(at).find(|(_, other)| other == name);
        let twice = columns.0.iter().enumerate().find_map(again);
        if let Some((_, twice)) = twice {
            return Err(format!("the column `{twice}` is named twice by --columns"));
        }
        if let Some((_, absent)) = columns.0.iter().find(|(_, column)| !header.iter().any(|name| name == column)) {
            return Err(format!("there is no column `{absent}`"));
        }
        let places: Vec<_> = header.iter().map(place).collect::<Result<_, String>>()?;
        let has = |role: &'static str| places.contains(&Place::Role(role));
        let end = |either, external| has(either) || has(external);
        let relates = has("rel") && end("src", "src_external_id") && end("dst", "dst_external_id");
        let kind = if relates { Kind::Edges } else { Kind::Nodes };
        if kind == Kind::Nodes && !has("classes") && classes.is_empty() {
            return Err("has no column `classes`: name one with --columns classes=COLUMN, or give a class with --class".into());
        }
        if let Some(twice) = header.iter().enumerate().find_map(|(at, name)| header.iter().take(at).find(|other| *other == name))
        {
            return Err(format!("has the column `{twice}` twice"));
        }
        for (at, (name, place)) in header.iter().zip(&places).enumerate() {
            if let Some((other, _)) = header.iter().zip(&places).take(at).find(|(_, former)| former.is_also(place)) {
                return Err(format!(
                    "the columns `{other}` and `{name}` are one member: name one of them with --columns props.NAME=COLUMN"
                ));
            }
            if let (Place::Metadata(..), Kind::Edges) = (place, kind) {
                return Err(format!("the column `{name}` is of no edge: metadata are nodes'"));
            }
        }
        Ok(Self { head, header, places, classes: classes.to_vec(), kind, delimiter })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The header as a line of its own.
    pub(super) fn head(&self) -> Vec<u8> {
        format!("{}\n", self.head).into()
    }

    fn item(&self, row: &[u8], name: impl FnOnce() -> String) -> Result<Item, String> {
        let row = fields(row, self.delimiter);
        if row.len() != self.places.len() {
            return Err(format!("has {} fields, and the header {}", row.len(), self.places.len()));
        }
        let fields = self.header.iter().zip(&self.places).zip(row).filter(|(_, field)| !field.is_empty());
        let read = |((column, place), field): ((_, _), Vec<u8>)| match String::from_utf8(field) {
            Ok(text) => Ok(Field { column, place, text }),
            Err(_) => Err(format!("the field `{column}` is not UTF-8")),
        };
        let fields: Vec<_> = fields.map(read).collect::<Result<_, _>>()?;
        match self.kind {
            Kind::Nodes => self.node(fields, name).map(Item::Node),
            Kind::Edges => edge(fields).map(Item::Edge),
        }
    }

    fn node(&self, fields: Vec<Field<'_>>, name: impl FnOnce() -> String) -> Result<NodeItem, String> {
        let (mut members, mut props, mut metadata) = (Map::new(), Map::new(), Map::new());
        let mut classes = self.classes.clone();
        for field in fields {
            match field.place {
                Place::Role("classes") => {
                    classes.extend(field.text.split(';').map(str::trim).filter(|class| !class.is_empty()).map(str::to_owned));
                }
                Place::Role(role @ ("external_id" | "payload_ref" | "created_at")) => {
                    members.insert((*role).into(), field.text.into());
                }
                Place::Role("text") => _ = props.insert("text".into(), field.text.into()),
                Place::Role(_) => _ = props.insert(field.column.clone(), field.text.into()),
                Place::Props(name, kind) => _ = props.insert(name.clone(), field.value(*kind)?),
                Place::Metadata(name, kind) => _ = metadata.insert(name.clone(), field.value(*kind)?),
            }
        }
        members.insert("classes".into(), json!(classes));
        members.insert("props".into(), Value::Object(props));
        if !metadata.is_empty() {
            members.insert("metadata".into(), Value::Object(metadata));
        }
        parse::node(members, name)
    }
}

/// A field that is not empty.
struct Field<'a> {
    column: &'a String,
    place: &'a Place,
    text: String,
}

impl Field<'_> {
    fn value(self, kind: Type) -> Result<Value, String> {
        kind.read(self.text).map_err(|reason| format!("column `{}`: {reason}", self.column))
    }
}

fn edge(fields: Vec<Field<'_>>) -> Result<EdgeItem, String> {
    let (mut src, mut rel, mut dst, mut props, mut created_at) = (None, None, None, Map::new(), None);
    let once = |end: &mut Option<End>, field: End, name: &str| match end.replace(field) {
        Some(_) => Err(format!("has both `{name}` and `{name}_external_id`")),
        None => Ok(()),
    };
    for field in fields {
        match field.place {
            Place::Role("src") => once(&mut src, End::of(field.text), "src")?,
            Place::Role("dst") => once(&mut dst, End::of(field.text), "dst")?,
            Place::Role("src_external_id") => once(&mut src, End::External(field.text), "src")?,
            Place::Role("dst_external_id") => once(&mut dst, End::External(field.text), "dst")?,
            Place::Role("rel") => rel = Some(field.text),
            Place::Role("created_at") => created_at = Some(parse::instant(&field.text)?),
            Place::Role(_) => _ = props.insert(field.column.clone(), field.text.into()),
            // The header of a table of edges has no column of metadata.
            Place::Props(name, kind) | Place::Metadata(name, kind) => _ = props.insert(name.clone(), field.value(*kind)?),
        }
    }
    let missing = |what: &str| format!("`{what}` is empty");
    let (src, dst) = (src.ok_or_else(|| missing("src"))?, dst.ok_or_else(|| missing("dst"))?);
    parse::checked(EdgeItem { src, rel: rel.ok_or_else(|| missing("rel"))?, dst, props, created_at })
}

/// The records below a header.
#[derive(Debug)]
pub(super) struct Records<R> {
    rows: Rows<R>,
    layout: Layout,
    namer: Namer,
}

impl<R: BufRead> Records<R> {
    /// Those of `from`, which stands at `at` already, below the header.
    pub(super) const fn new(from: R, at: Position, layout: Layout, namer: Namer) -> Self {
        Self { rows: Rows::new(from, at, layout.delimiter), layout, namer }
    }

    /// The next record.
    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        let Some(Row { lines: (line, last), text }) = self.rows.read()? else { return Ok(None) };
        let (raw, item) = match text {
            Some(raw) => {
                let item = self.layout.item(&raw, || self.namer.name(line, &raw));
                (raw, item)
            }
            None => (Vec::new(), Err(too_long(line, last))),
        };
        Ok(Some(Record { line, end: self.rows.position(), raw, item }))
    }
}

fn too_long(line: u64, last: u64) -> String {
    let most = LONGEST_BYTES >> 20;
    match last - line {
        0 => format!("is longer than {most} MiB, and is not kept"),
        _ => format!("is longer than {most} MiB, as far as line {last}, and is not kept: does a quote close too late?"),
    }
}

/// The header of a table, and where its rows begin.
pub(super) struct Header {
    names: Vec<String>,
    text: String,
    pub(super) end: Position,
    /// What was read of the rows.
    pub(super) rest: Vec<u8>,
    delimiter: u8,
}

/// Reads the header of a table.
pub(super) fn header(from: &mut dyn Read, Delimiter(delimiter): Delimiter) -> io::Result<Header> {
    let mut rows = Rows::new(BufReader::new(from), Position::START, delimiter);
    let text = match rows.read()? {
        Some(Row { text: Some(text), .. }) => text,
        Some(Row { lines: (line, last), text: None }) => return Err(io::Error::other(too_long(line, last))),
        None => Vec::new(),
    };
    let text = String::from_utf8(text).map_err(|_| io::Error::other("its header is not UTF-8"))?;
    let name = |field: Vec<u8>| String::from_utf8_lossy(&field).trim().to_owned();
    let names = fields(text.as_bytes(), delimiter).into_iter().map(name).collect();
    Ok(Header { names, text, end: rows.position(), rest: rows.into_inner().buffer().to_vec(), delimiter })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], columns: &str, class: &[&str]) -> Vec<Record> {
        let columns = if columns.is_empty() { Columns::default() } else { columns.parse().unwrap() };
        let classes: Vec<_> = class.iter().map(|class| (*class).to_owned()).collect();
        let head = header(&mut &*text, Delimiter::COMMA).unwrap();
        let layout = Layout::new(&head, &columns, &classes).unwrap();
        let rest = text.get(usize::try_from(head.end.offset).unwrap()..).unwrap();
        let mut records = Records::new(rest, head.end, layout, Namer("t".into()));
        std::iter::from_fn(|| records.read().unwrap()).collect()
    }

    fn node(record: &Record) -> Value {
        match record.item.as_ref().unwrap() {
            Item::Node(node) => serde_json::from_str(&node.json(true)).unwrap(),
            Item::Edge(edge) => panic!("{edge:?}"),
        }
    }

    #[test]
    fn columns_become_a_node_with_quotes_byte_order_mark_and_line_ends_of_any_kind() {
        let text = "\u{feff}external_id,classes,text,color\r\n1,A; B,\"two\r\nlines, \"\"quoted\"\"\",red\r\n2,A,plain,\n";
        let rows = rows(text.as_bytes(), "", &[]);
        let first =
            json!({"external_id": "1", "classes": ["A", "B"], "props": {"text": "two\r\nlines, \"quoted\"", "color": "red"}});
        assert_eq!(node(&rows[0]), first);
        assert_eq!(node(&rows[1]), json!({"external_id": "2", "classes": ["A"], "props": {"text": "plain"}}));
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(rows[1].end.offset, text.len() as u64);
    }

    #[test]
    fn a_column_of_another_name_can_play_a_role() {
        let columns = "external_id=isbn,classes=genre,text=title,props.body=text";
        let rows = rows(b"isbn,genre,title,text\n7,Novel,T,body\n", columns, &["Book"]);
        let expected = json!({"external_id": "7", "classes": ["Book", "Novel"], "props": {"text": "T", "body": "body"}});
        assert_eq!(node(&rows[0]), expected);
    }

    #[test]
    fn columns_say_their_types_and_which_are_metadata() {
        let text = "classes,props.year:int,price,metadata.source,metadata.tags:json\nA,1984,7.50,shelf,\"[\"\"a\"\"]\"\nA,soon,,,\nA,,,,{\n";
        let rows = rows(text.as_bytes(), "", &[]);
        let mut first = node(&rows[0]);
        first.as_object_mut().unwrap().remove("external_id");
        let expected =
            json!({"classes": ["A"], "props": {"year": 1984, "price": "7.50"}, "metadata": {"source": "shelf", "tags": ["a"]}});
        assert_eq!(first, expected);
        let reasons: Vec<_> = rows.iter().map(|row| (row.line, row.item.as_ref().err().cloned().unwrap_or_default())).collect();
        assert_eq!(reasons[1], (3, "column `props.year:int`: `soon` is no whole number of 64 bits".into()));
        assert!(reasons[2].1.starts_with("column `metadata.tags:json`: `{` is not JSON: "), "{reasons:?}");
    }

    #[test]
    fn a_table_knows_when_its_rows_were_created() {
        let text = b"external_id,classes,created_at\n1,A,2020-01-02T03:04:05Z\n2,A,\n3,A,yesterday\n";
        let told = rows(text, "", &[]);
        let created: Vec<_> = told.iter().map(|row| row.item.as_ref().ok().map(Item::created_at)).collect();
        assert_eq!(created, [Some(Some("2020-01-02T03:04:05Z".parse().unwrap())), Some(None), None]);
        assert_eq!(told[2].item.as_ref().unwrap_err(), "`created_at` is no time as RFC 3339 has it: `yesterday`");
        let kept = node(&rows(text, "props.made=created_at", &[])[2]);
        assert_eq!(kept["props"]["made"], "yesterday", "a column of that name may be a property");
        let edges = rows(b"src,rel,dst,created_at\na,R,b,2020-01-02T03:04:05Z\n", "", &[]);
        assert_eq!(edges[0].item.as_ref().unwrap().created_at(), Some("2020-01-02T03:04:05Z".parse().unwrap()));
    }

    #[test]
    fn a_row_that_means_nothing_says_why_and_stays_whole() {
        let rows = rows(b"classes,text\nA\nA,x,y\nA,\xff\nA,ok\n", "", &[]);
        let reasons: Vec<_> = rows.iter().map(|row| row.item.as_ref().err().map(String::as_str)).collect();
        assert_eq!(
            reasons,
            [
                Some("has 1 fields, and the header 2"),
                Some("has 3 fields, and the header 2"),
                Some("the field `text` is not UTF-8"),
                None
            ]
        );
        assert_eq!(rows[2].raw, b"A,\xff");
    }

    #[test]
    fn a_table_of_edges_has_a_relation_and_two_ends() {
        let id = "01900000-0000-7000-8000-0000000000ed";
        let rows = rows(format!("src,rel,dst,page\n{id},R,b,4\na,,b,\n").as_bytes(), "", &[]);
        let Ok(Item::Edge(edge)) = &rows[0].item else { panic!("{rows:?}") };
        assert_eq!(edge.src, End::Id(id.parse::<uuid::Uuid>().unwrap().into()));
        assert_eq!((&edge.dst, edge.props["page"].as_str()), (&End::External("b".into()), Some("4")));
        assert_eq!(rows[1].item.as_ref().unwrap_err(), "`rel` is empty");
    }

    #[test]
    fn an_edge_has_each_end_once_whichever_column_it_stands_in() {
        let rows = rows(b"src,src_external_id,rel,dst\na,,R,b\n,a,R,b\na,a,R,b\n,,R,b\n", "", &[]);
        let ends: Vec<_> = rows.iter().map(|row| row.item.as_ref().err().map(String::as_str)).collect();
        assert_eq!(ends, [None, None, Some("has both `src` and `src_external_id`"), Some("`src` is empty")]);
    }

    #[test]
    fn a_row_that_is_too_long_stops_nothing() {
        let text = format!("classes,text\nA,\"{}\"\nA,{}\nA,ok\n", "x\n".repeat(LONGEST_BYTES), "x".repeat(LONGEST_BYTES));
        let rows = rows(text.as_bytes(), "", &[]);
        let told: Vec<_> = rows.iter().map(|row| row.item.as_ref().err().map(String::as_str).unwrap_or_default()).collect();
        let last = LONGEST_BYTES + 2;
        assert_eq!(
            told[0],
            format!("is longer than 10 MiB, as far as line {last}, and is not kept: does a quote close too late?")
        );
        assert_eq!(told[1..], ["is longer than 10 MiB, and is not kept", ""]);
        assert_eq!((rows[2].line, rows[0].raw.len() + rows[1].raw.len()), (last as u64 + 2, 0));
    }

    #[test]
    fn names_of_columns_are_taken_without_blanks_around_them_and_empty_classes_are_none() {
        let rows = rows(b" external_id , classes;x,classes ,\n1,y,A; ;B;,z\n", "props.index=", &[]);
        let expected = json!({"external_id": "1", "classes": ["A", "B"], "props": {"classes;x": "y", "index": "z"}});
        assert_eq!(node(&rows[0]), expected);
    }

    #[test]
    fn a_header_that_fits_nothing_is_refused() {
        let layout = |header: &str, columns: &str| {
            let columns = if columns.is_empty() { Columns::default() } else { columns.parse().unwrap() };
            Layout::new(&self::header(&mut header.as_bytes(), Delimiter::COMMA).unwrap(), &columns, &[]).map(|_| ()).unwrap_err()
        };
        assert_eq!(layout("\n\n", ""), "has no header");
        assert!(layout("text", "").starts_with("has no column `classes`"));
        assert!(layout("external_id;text", "").starts_with("has one column, `external_id;text`"));
        assert!(layout("classes\ttext\n1\t2", "").starts_with(r"has one column, `classes\ttext`"));
        assert!(layout("a;b", "text=a;b").starts_with("has no column `classes`"), "whoever names it means it");
        assert_eq!(layout("classes,a,a", ""), "has the column `a` twice");
        assert_eq!(layout("classes", "text=body"), "there is no column `body`");
        assert_eq!(layout("classes,,a", ""), "the column 2 has no name: give it one, or say --columns props.NAME=");
        assert!(layout("classes,a,b", "text=a,text=b").starts_with("the columns `a` and `b` are one member"));
        assert!(layout("classes,a", "text=a,props.x=a").starts_with("the column `a` is named twice"));
        assert!(layout("classes,props.n:date", "").ends_with("the types are text, int, float, bool, json"));
        assert!(layout("classes,n,props.n:int", "").starts_with("the columns `n` and `props.n:int` are one member"));
        assert!(layout("classes,title,text", "text=title").starts_with("the columns `title` and `text` are one member"));
        assert!(layout("src,rel,dst,metadata.x", "").starts_with("the column `metadata.x` is of no edge"));
    }
}
