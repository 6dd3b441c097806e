/** What answers when there is no upstream: one small program a kind of service, none of them a model. */

import { invalid, type Answer, type Answerer, type Question } from "../answerer.ts";
import type { ServiceOffer } from "../options.ts";
import { answersKind } from "../paths.ts";
import { answerChat, answerMessages, CHAT_CARD } from "./chat.ts";
import { answerEmbedding, EMBEDDING_CARD } from "./embedding.ts";
import { answerEdit, answerImage, EDIT_CARD, IMAGE_CARD } from "./images.ts";
import { answerTranscription, TRANSCRIPTION_CARD } from "./transcription.ts";

/** What each of them says about itself in the list of models. */
export const RESPONDER_CARDS: Readonly<Record<ServiceOffer["serviceType"], string>> = {
  chatbot: CHAT_CARD,
  "text-to-image": IMAGE_CARD,
  "image-editing": EDIT_CARD,
  "speech-to-text": TRANSCRIPTION_CARD,
  embedding: EMBEDDING_CARD,
};

function answer(question: Question, { model, serviceType }: ServiceOffer, now: number): Answer {
  const { kind } = question;
  if (!answersKind(serviceType, kind)) return invalid(`${model} is a ${serviceType} service`, 404);
  switch (kind) {
    case "chat":
      return answerChat(question, model, now);
    case "messages":
      return answerMessages(question, model);
    case "image":
      return answerImage(question, now);
    case "edit":
      return answerEdit(question, now);
    case "transcription":
      return answerTranscription(question);
    case "embedding":
      return answerEmbedding(question, model);
  }
}

/** Makes the responder of a service. */
export function responder(service: ServiceOffer, clock: () => number): Answerer {
  return { answer: (question) => Promise.resolve(answer(question, service, clock())) };
}
