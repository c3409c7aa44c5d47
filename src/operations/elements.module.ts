import { Module } from '@nestjs/common';
import { ElementFiles } from './element-files.js';
import { ElementsController } from './elements.controller.js';

/** The custom elements, for pages that load them from this server. */
@Module({ controllers: [ElementsController], providers: [ElementFiles] })
export class ElementsModule {}
