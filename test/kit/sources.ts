// The sources of a package as the tests of its shape read them.
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** One file of a package's `src`, named without `.ts`. */
export interface Source {
  name: string;
  text: string;
  tree: ts.SourceFile;
  imports: string[];
}

/** All files below a folder. */
export const read = (folder: string): Source[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(`${folder}/${file}`, 'utf8');
      const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
      return {
        name: file.slice(0, -3),
        text,
        tree,
        imports: ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName),
      };
    });

/** Functions of a file and how many lines they take. */
export const functionsOf = (tree: ts.SourceFile): { name: string; lines: number }[] => {
  const found: { name: string; lines: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const line = (position: number) => tree.getLineAndCharacterOfPosition(position).line;
      found.push({
        name: node.name?.getText(tree) ?? 'a function',
        lines: line(node.end) - line(node.getStart(tree)) + 1,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
};

/** Names of variables of a module that can change, or hold what changes. */
export const stateOf = (tree: ts.SourceFile): string[] =>
  tree.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => {
    const changeable = !(declarationList.flags & ts.NodeFlags.Const);
    return declarationList.declarations
      .filter(
        ({ initializer }) =>
          changeable ||
          (initializer &&
            ts.isNewExpression(initializer) &&
            /^new (Weak)?Map\b|^new \w+\(\)$/.test(initializer.getText(tree))),
      )
      .map(({ name }) => name.getText(tree));
  });
