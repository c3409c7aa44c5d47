import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Configuration } from '../../../config/configuration.js';
import { RequiresApiKey } from '../../api-keys/requires-api-key.decorator.js';
import { toListedUser } from '../flex-user.json.js';
import { FlexUserListRepository } from './flex-user-list.repository.js';
import { pageLinks } from './page-links.js';
import { parseUserListQuery } from './user-list-query.js';

/** The Flex protocol's server side: the list of an app's users. */
@Controller('v1/apps/:app/users')
@RequiresApiKey()
export class UserListController {
  private readonly publicUrl: string;

  constructor(
    private readonly lists: FlexUserListRepository,
    configuration: Configuration,
  ) {
    this.publicUrl = configuration.http.publicUrl;
  }

  @Get()
  async list(
    @Param('app') app: string,
    @Query() parameters: Record<string, unknown>,
    @Req() request: FastifyRequest,
  ) {
    const query = parseUserListQuery(parameters);
    const { users, total, createdBefore } = await this.lists.list(app, query);
    return {
      _links: pageLinks(`${this.publicUrl}/v1/apps/${app}/users`, request.url, {
        ...query,
        createdBefore,
        total,
      }),
      created_before: createdBefore,
      limit: query.limit,
      page: query.page,
      total_users: total,
      users: users.map(toListedUser),
    };
  }
}
