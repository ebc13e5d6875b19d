/** A plug-in of TypeDoc: the names of modules and the anchors of what is in them. */
import { Converter, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';

export function load(app) {
  // Modules have the names that they are imported by, `@fqsr/quant-core/layers`, which also name their pages.
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
    if (reflection.kindOf(ReflectionKind.Module)) reflection.name = `@fqsr/${reflection.name.replace('/src', '')}`;
  });
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = necessaryAnchors(page.contents ?? '');
  });
}

/** TypeDoc numbers anchors by what it knows, the site by what stands on the page. The anchor stays written out where that differs. */
function necessaryAnchors(text) {
  const heading = /^(#+ (.+?)) \{#([^}]+)\}$/gm;
  const titles = [...text.matchAll(heading)].map(([, , title]) => title.toLowerCase());
  return text.replace(heading, (whole, plain, title, anchor) => {
    const isAlone = titles.filter((other) => other === title.toLowerCase()).length === 1;
    return isAlone && /-\d+$/.test(anchor) ? whole : plain;
  });
}
