/** What the objects of a recording contradict of the plans that speak of them. */
import { contradiction, type Witness } from "../../budget/core/witness";
import type { Recording } from "./pulumi";

/** Phrases of every witness that does not hold; one that names an object which is not there is a phrase as well. */
export function contradictions({ resources }: Recording): string[] {
  return resources.flatMap(({ inputs }) =>
    ((inputs["witnesses"] ?? []) as Witness[]).flatMap((witness) => {
      const object = resources.find(({ type, name }) => type === witness.type && name === witness.name);
      if (object === undefined) return [`${witness.type} "${witness.name}" is not there`];
      return contradiction(witness, object.inputs) ?? [];
    }),
  );
}
