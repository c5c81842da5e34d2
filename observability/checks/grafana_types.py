"""Writes the dashboards as TypeScript that Grafana's own published types must accept: no unknown field, no wrong word.

`grafana_types.py FOLDER` fills FOLDER, in which `@grafana/schema` and `typescript` are installed.
"""

import json
import sys
from pathlib import Path

ROOM = Path(__file__).resolve().parent.parent / "dashboards"
TYPES = "./node_modules/@grafana/schema/dist/types"
# The panels' own types, where Grafana publishes them.
KINDS = ["timeseries", "stat", "bargauge", "table", "heatmap"]
WITHOUT_FIELDS = {"stat", "bargauge"}

HEADER = f"""import type {{ Dashboard, Panel, RowPanel }} from '{TYPES}/index';
{"".join(f"import type * as {kind} from '{TYPES}/raw/composable/{kind}/panelcfg/x/types.gen';{chr(10)}" for kind in KINDS)}
// JSON has words where the types have enums.
type Plain<T> = T extends string ? `${{T}}` : T extends (infer Item)[] ? Plain<Item>[] : T extends object ? {{ [K in keyof T]: Plain<T[K]> }} : T;
type Query = {{
  refId: string; datasource: {{ type: 'prometheus'; uid: string }}; expr: string; legendFormat: string;
  instant: boolean; range: boolean; format: 'time_series' | 'table' | 'heatmap'; editorMode: 'code' | 'builder';
}};
type Link = {{ title: string; url: string; targetBlank: boolean }};
"""


def main():
    folder = Path(sys.argv[1])
    for file in sorted(ROOM.glob("*.json")):
        dashboard = json.loads(file.read_text())
        lines = [HEADER]
        for panel in dashboard["panels"]:
            at = panel["id"]
            if panel["type"] == "row":
                lines.append(f"export const row{at}: Plain<RowPanel> = {json.dumps(panel)};")
                continue
            kind = panel["type"]
            # Grafana's type of a panel leaves these open: they are asked of the panel's own kind.
            options, custom = panel.pop("options"), panel["fieldConfig"]["defaults"].pop("custom")
            targets, links = panel.pop("targets"), panel["fieldConfig"]["defaults"].pop("links")
            lines.append(f"export const panel{at}: Plain<Panel> = {json.dumps(panel)};")
            lines.append(f"export const options{at}: Plain<{kind}.Options> = {json.dumps(options)};")
            fields = "Record<string, never>" if kind in WITHOUT_FIELDS else f"Partial<Plain<{kind}.FieldConfig>>"
            lines.append(f"export const custom{at}: {fields} = {json.dumps(custom)};")
            lines.append(f"export const targets{at}: Query[] = {json.dumps(targets)};")
            lines.append(f"export const links{at}: Link[] = {json.dumps(links)};")
        dashboard.pop("panels")
        lines.append(f"export const dashboard: Plain<Dashboard> = {json.dumps(dashboard)};")
        (folder / f"{file.stem}.ts").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
