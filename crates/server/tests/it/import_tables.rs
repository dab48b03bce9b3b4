//! `wardgraph import` of tables as people have them: set apart by other characters, and broken in their ways.

use std::{fs, io::Write, path::Path};

use serde_json::json;

use crate::import::{Bench, edge, node};

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_set_apart_as_is_said_and_so_are_rejected_rows() {
    let bench = Bench::new().await;
    let semicolons = "external_id; classes ;text\r\n1;A;\"one; \"\"two\"\",\r\nthree\"\r\n\r\n2;A\r\n";
    let table = bench.file("nodes.csv", semicolons);
    let told = bench.import(&table, &[]).await;
    told.says(2, &["nodes.csv:1: has one column, `external_id; classes ;text`: columns are set apart by `,`", "--delimiter"]);
    let told = bench.import(&table, &["--delimiter", ";"]).await;
    told.says(1, &["nodes.csv:5: has 2 fields, and the header 3", "nodes: 1 created", "rejected: 1"]);
    let first = bench.node("1").await;
    assert_eq!((&first["classes"], &first["props"]), (&json!(["A"]), &json!({ "text": "one; \"two\",\r\nthree" })));
    let kept = bench.folder.path().join("nodes.csv.rejects");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "external_id; classes ;text\n2;A\n");
    // Mended where it lies, it is imported as its table was.
    let mended = bench.file("mended.csv", fs::read_to_string(&kept).unwrap().replace("2;A", "2;A;"));
    bench.import(&mended, &["--delimiter", ";"]).await.says(0, &["nodes: 1 created"]);

    let tabs = bench.file("edges.tsv", "src\trel\tdst\tprops.page:int\n1\tCITES\t2\t4\n");
    bench.import(&tabs, &[]).await.says(0, &["edges: 1 created"]);
    let told = bench.file("edges.txt", fs::read_to_string(&tabs).unwrap());
    for named in ["tab", "\\t", "\t"] {
        let more = ["--format", "csv", "--delimiter", named];
        bench.import(&told, &more).await.says(0, &["edges: 0 created, 1 there already"]);
    }
    bench.import(&told, &["--delimiter", "tab"]).await.says(2, &["--columns, --class and --delimiter are of tables"]);
    bench.import(&tabs, &["--delimiter", "tt"]).await.says(2, &["is not one character of ASCII"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_is_never_closed_swallows_no_rows() {
    let bench = Bench::new().await;
    let rows = |broken: &str| format!("external_id,classes,text\n1,A,one\n\n2,A,{broken}\n3,A,three\n4,A,four\n");
    let table = bench.file("nodes.csv", rows("\"two"));
    bench.import(&table, &[]).await.says(2, &["nodes.csv:", "the row of line 4 has a quote that is never closed"]);
    assert_eq!(bench.nodes_and_edges().await, (1, 0), "what stands before it is in");
    bench.file("nodes.csv", rows("two "));
    bench.import(&table, &[]).await.says(0, &["goes on from line", "nodes: 4 created"]);
    assert_eq!(bench.node("4").await["props"], json!({ "text": "four" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_contradict_each_other_are_refused_before_anything_is_in() {
    let bench = Bench::new().await;
    for (header, columns, said) in [
        ("classes,a,b", "text=a,text=b", "the columns `a` and `b` are one member"),
        ("classes,a", "text=a,props.x=a", "the column `a` is named twice by --columns"),
        ("classes,,a", "text=a", "the column 2 has no name"),
        ("", "text=a", "has no header"),
        ("classes, text ,text", "props.n=classes", "has the column `text` twice"),
    ] {
        let table = bench.file("bad.csv", format!("{header}\nA,1,2\n"));
        let table = if header.is_empty() { bench.file("bad.csv", "\n") } else { table };
        bench.import(&table, &["--class", "A", "--columns", columns]).await.says(2, &[&format!("bad.csv:1: {said}")]);
    }
    bench.import(Path::new("wordnet"), &["--class", "A"]).await.says(2, &["are of files: a file of that name is `./wordnet`"]);
    bench.import(&bench.file("a.csv", "a\n1\n"), &["--dir", "x", "--class", "A"]).await.says(2, &["--dir is for `wordnet`"]);
    assert_eq!(bench.nodes_and_edges().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_file_is_read_as_what_it_holds() {
    let bench = Bench::new().await;
    let zipped = |text: &str| {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(text.as_bytes()).unwrap();
        zip.finish().unwrap()
    };
    let table = [zipped("external_id,classes,text\n1,A,one\n"), zipped("2,A,two\n")].concat();
    bench.import(&bench.file("nodes.csv.gz", table), &[]).await.says(0, &["nodes: 2 created"]);
    // Edges before their nodes, as in any file; whatever it is called.
    let lines = [edge("1", "3"), node("3"), edge("3", "2")].join("\n");
    bench.import(&bench.file("graph", zipped(&lines)), &[]).await.says(0, &["nodes: 1 created", "edges: 2 created"]);

    // Cut off, it goes on; changed, it does not.
    let more = bench.file("more.jsonl.gz", zipped(&[node("4"), edge("4", "1")].join("\n")));
    let token = bench.token_of(&bench.app.caller("tenant-a", &["nodes:write"]));
    let narrow = ["--token-file", token.to_str().unwrap()];
    bench.import(&more, &narrow).await.says(2, &["the server refuses POST /edges/batch: 403"]);
    let whole = fs::read(&more).unwrap();
    bench.file("more.jsonl.gz", zipped(&[node("5"), edge("5", "1")].join("\n")));
    bench.import(&more, &[]).await.says(2, &["is of another source, or of this one before it was changed"]);
    bench.file("more.jsonl.gz", whole);
    bench.import(&more, &[]).await.says(0, &["goes on from line 1", "nodes: 1 created", "edges: 1 created"]);

    let mut cut = zipped(&node("6"));
    cut.truncate(cut.len() - 9);
    bench.import(&bench.file("cut.jsonl.gz", cut), &[]).await.says(2, &["cut.jsonl.gz:1: "]);
}
