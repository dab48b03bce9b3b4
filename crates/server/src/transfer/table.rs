//! Rows of a table (CSV, RFC 4180): what its columns mean, and a record for each row.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use csv::{ByteRecord, ReaderBuilder, StringRecord};
use serde_json::{Map, Value, json};

use super::{
    column::{Columns, Place, ROLES, Type},
    lines::LONGEST_BYTES,
    parse::{self, Namer},
    record::{EdgeItem, End, Item, Kind, NodeItem, Position, Record},
};

/// What every row of a table means.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    header: StringRecord,
    places: Vec<Place>,
    classes: Vec<String>,
    kind: Kind,
    two: bool,
}

impl Layout {
    /// From the header. A table with a column for a relation and one for each end holds edges, another one nodes.
    pub(super) fn new(header: &Header, columns: &Columns, classes: &[String]) -> Result<Self, String> {
        let (two, header) = (header.two, header.names.clone());
        if let (Some(only), 1) = (header.get(0), header.len())
            && only.contains([';', '\t'])
            && !columns.0.iter().any(|(_, column)| column == only)
        {
            return Err(format!("has one column, `{}`: columns are set apart by commas", only.escape_debug()));
        }
        let place = |name: &str| {
            if let Some((place, _)) = columns.0.iter().find(|(_, column)| column == name) {
                return Ok(place.clone());
            }
            let is_free = |role: &&'static str| !columns.0.iter().any(|(taken, _)| *taken == Place::Role(role));
            match ROLES.into_iter().filter(|role| *role == name).find(is_free) {
                Some(role) => Ok(Place::Role(role)),
                None => Ok(Place::named(name)?.unwrap_or_else(|| Place::Props(name.to_owned(), Type::Text))),
            }
        };
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
        Ok(Self { header, places, classes: classes.to_vec(), kind, two })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The header as a line of its own.
    pub(super) fn header(&self) -> Vec<u8> {
        line_of(self.header.as_byte_record())
    }

    fn item(&self, row: &ByteRecord, name: impl FnOnce() -> String) -> Result<Item, String> {
        if row.len() != self.places.len() {
            return Err(format!("has {} fields, and the header {}", row.len(), self.places.len()));
        }
        let fields = self.header.iter().zip(&self.places).zip(row).filter(|(_, field)| !field.is_empty());
        let read = |((column, place), field): ((_, _), &[u8])| match std::str::from_utf8(field) {
            Ok(text) => Ok(Field { column, place, text: text.to_owned() }),
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
                Place::Role("classes") => classes.extend(field.text.split(';').map(|class| class.trim().to_owned())),
                Place::Role(role @ ("external_id" | "payload_ref" | "created_at")) => {
                    members.insert((*role).into(), field.text.into());
                }
                Place::Role("text") => _ = props.insert("text".into(), field.text.into()),
                Place::Role(_) => _ = props.insert(field.column.into(), field.text.into()),
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
    column: &'a str,
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
    for field in fields {
        match field.place {
            Place::Role("src") => src = Some(End::of(field.text)),
            Place::Role("dst") => dst = Some(End::of(field.text)),
            Place::Role("src_external_id") => src = Some(End::External(field.text)),
            Place::Role("dst_external_id") => dst = Some(End::External(field.text)),
            Place::Role("rel") => rel = Some(field.text),
            Place::Role("created_at") => created_at = Some(parse::instant(&field.text)?),
            Place::Role(_) => _ = props.insert(field.column.into(), field.text.into()),
            // The header of a table of edges has no column of metadata.
            Place::Props(name, kind) | Place::Metadata(name, kind) => _ = props.insert(name.clone(), field.value(*kind)?),
        }
    }
    let missing = |what: &str| format!("`{what}` is empty");
    let (src, dst) = (src.ok_or_else(|| missing("src"))?, dst.ok_or_else(|| missing("dst"))?);
    parse::checked(EdgeItem { src, rel: rel.ok_or_else(|| missing("rel"))?, dst, props, created_at })
}

/// The rows below a header.
#[derive(Debug)]
pub(super) struct Rows<R> {
    reader: csv::Reader<Bounded<R>>,
    base: Position,
    since: Arc<AtomicU64>,
    layout: Layout,
    namer: Namer,
}

impl<R: Read> Rows<R> {
    /// Rows of `from`, which stands at `at` already, below the header.
    pub(super) fn new(from: R, at: Position, layout: Layout, namer: Namer) -> Self {
        let since = Arc::new(AtomicU64::new(0));
        let bounded = Bounded { from, since: since.clone() };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bounded);
        Self { reader, base: at, since, layout, namer }
    }

    /// The next row.
    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        self.since.store(0, Ordering::Relaxed);
        let (begin, mut row) = (self.position(), ByteRecord::new());
        let read = self.reader.read_byte_record(&mut row);
        if !read.map_err(|error| io::Error::other(error.to_string()))? {
            return Ok(None);
        }
        // A row begins where the former one ended: before the line feed, if that was not read with it.
        let line = begin.line + u64::from(self.layout.two);
        let raw = line_of(&row);
        let item = self.layout.item(&row, || self.namer.name(line, &raw));
        Ok(Some(Record { line, end: self.position(), raw, item }))
    }

    /// Where the next row begins.
    pub(super) fn position(&self) -> Position {
        let at = self.reader.position();
        Position { offset: self.base.offset + at.byte(), line: self.base.line + at.line() - 1 }
    }
}

/// The header of a table, and where its rows begin.
pub(super) struct Header {
    pub(super) names: StringRecord,
    /// Behind the header, before the line feed of a line that ends in two characters.
    pub(super) end: Position,
    /// Whether lines end in carriage return and line feed.
    pub(super) two: bool,
    /// What was read of the rows.
    pub(super) rest: Vec<u8>,
}

/// Reads the header of a table.
pub(super) fn header(from: &mut dyn Read) -> io::Result<Header> {
    let seen = Seen { from: Bounded { from, since: Arc::default() }, all: Vec::new() };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(seen);
    let mut names = StringRecord::new();
    reader.read_record(&mut names).map_err(|error| io::Error::other(error.to_string()))?;
    let end = Position { offset: reader.position().byte(), line: reader.position().line() };
    let rest = reader.into_inner().all.split_off(usize::try_from(end.offset).unwrap_or_default());
    Ok(Header { names, end, two: rest.starts_with(b"\n"), rest })
}

/// A source that keeps what was read of it.
struct Seen<R> {
    from: R,
    all: Vec<u8>,
}

impl<R: Read> Read for Seen<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.all.extend_from_slice(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// A source that ends in an error where one row goes on for too long: a quote that is never closed would take all that follows.
#[derive(Debug)]
struct Bounded<R> {
    from: R,
    since: Arc<AtomicU64>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        if self.since.fetch_add(read as u64, Ordering::Relaxed) > LONGEST_BYTES as u64 {
            let text = format!("the row that begins here is longer than {} MiB: is a quote never closed?", LONGEST_BYTES >> 20);
            return Err(io::Error::other(text));
        }
        Ok(read)
    }
}

/// A row as a line of its own.
fn line_of(row: &ByteRecord) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_byte_record(row);
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], columns: &str, class: &[&str]) -> Vec<Record> {
        let columns = if columns.is_empty() { Columns::default() } else { columns.parse().unwrap() };
        let classes: Vec<_> = class.iter().map(|class| (*class).to_owned()).collect();
        let head = header(&mut &*text).unwrap();
        let layout = Layout::new(&head, &columns, &classes).unwrap();
        let rest = text.get(usize::try_from(head.end.offset).unwrap()..).unwrap();
        let mut rows = Rows::new(rest, head.end, layout, Namer("t".into()));
        std::iter::from_fn(|| rows.read().unwrap()).collect()
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
        assert_eq!(rows[2].raw, b"A,\xff\n");
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
    fn a_quote_that_is_never_closed_is_told_and_takes_no_memory() {
        let text = format!("classes,text\nA,\"{}", "x\n".repeat(LONGEST_BYTES));
        let head = header(&mut text.as_bytes()).unwrap();
        let layout = Layout::new(&head, &Columns::default(), &[]).unwrap();
        let rest = text.as_bytes().get(usize::try_from(head.end.offset).unwrap()..).unwrap();
        let error = Rows::new(rest, head.end, layout, Namer("t".into())).read().unwrap_err();
        assert!(error.to_string().contains("is a quote never closed?"), "{error}");
    }

    #[test]
    fn a_header_that_fits_nothing_is_refused() {
        let layout = |header: &str, columns: &str| {
            let columns = if columns.is_empty() { Columns::default() } else { columns.parse().unwrap() };
            Layout::new(&self::header(&mut header.as_bytes()).unwrap(), &columns, &[]).map(|_| ()).unwrap_err()
        };
        assert!(layout("text", "").starts_with("has no column `classes`"));
        assert!(layout("external_id;text", "").starts_with("has one column, `external_id;text`"));
        assert!(layout("classes\ttext\n1\t2", "").starts_with(r"has one column, `classes\ttext`"));
        assert!(layout("a;b", "text=a;b").starts_with("has no column `classes`"), "whoever names it means it");
        assert_eq!(layout("classes,a,a", ""), "has the column `a` twice");
        assert_eq!(layout("classes", "text=body"), "there is no column `body`");
        assert!(layout("classes,props.n:date", "").ends_with("the types are text, int, float, bool, json"));
        assert!(layout("classes,n,props.n:int", "").starts_with("the columns `n` and `props.n:int` are one member"));
        assert!(layout("classes,title,text", "text=title").starts_with("the columns `title` and `text` are one member"));
        assert!(layout("src,rel,dst,metadata.x", "").starts_with("the column `metadata.x` is of no edge"));
    }
}
