/** A plug-in of TypeDoc: modules have the names that they are imported by, `@fqsr/quant-core/layers`, which also names their pages. */
import { Converter, ReflectionKind } from 'typedoc';

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
    if (reflection.kindOf(ReflectionKind.Module)) reflection.name = `@fqsr/${reflection.name.replace('/src', '')}`;
  });
}
