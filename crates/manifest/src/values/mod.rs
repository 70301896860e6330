//! Values that the cluster refuses although the schema takes them: quantities, ports, schedules, encodings, names of images.

mod containers;
mod objects;

use maru_model::Text;

use crate::Diagnostic;
use crate::diagnostic::text;
use crate::object::Object;
use crate::yaml::Node;
use containers::{environment, image, ports, probes, resources};
use objects::{labels, names, paths, restarts, schedule, secret, service};

pub(crate) fn check(object: &Object, out: &mut Vec<Diagnostic>) {
    let mut said = Said { object, out };
    for container in object.containers() {
        image(&container, &mut said);
        resources(&container, &mut said);
        ports(&container, &mut said);
        environment(&container, &mut said);
        probes(&container, &mut said);
    }
    names(object, &mut said);
    labels(object, &mut said);
    match object.kind.as_str() {
        "Service" => service(object, &mut said),
        "Secret" => secret(object, &mut said),
        "CronJob" => schedule(object, &mut said),
        "Ingress" => paths(object, &mut said),
        _ => {}
    }
    restarts(object, &mut said);
}

struct Said<'a> {
    object: &'a Object,
    out: &'a mut Vec<Diagnostic>,
}

impl Said<'_> {
    fn say(&mut self, found: Diagnostic, node: &Node, path: impl Into<String>) {
        self.out.push(self.object.on(found, node.mark, path));
    }
}

fn port(node: &Node, range: std::ops::RangeInclusive<i64>, path: &str, said: &mut Said<'_>) {
    let Some(number) = node.int().filter(|number| !range.contains(number)) else { return };
    let (low, high) = (range.start(), range.end());
    said.say(
        Diagnostic::error(
            "invalid_port",
            text!(
                "{number} cannot be a port here: {low} to {high} can",
                "{number} 은(는) 여기의 포트가 될 수 없습니다. {low} 부터 {high} 까지 가능합니다"
            ),
        )
        .fix(if *low == 1 {
            Text::new("Write the port that the program listens on", "프로그램이 듣는 포트를 쓰세요")
        } else {
            Text::new(
                "Remove the line: an Ingress makes the application reachable",
                "이 줄을 지우세요. Ingress 가 애플리케이션을 공개합니다",
            )
        }),
        node,
        path,
    );
}

fn list<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}
