import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query, Req, UsePipes } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Configuration } from '../../config/configuration.js';
import { Access } from '../../http/access.decorator.js';
import { LenientBody } from '../../http/body.pipe.js';
import { toListedUser, toUser } from './flex-user.json.js';
import { NamedUser } from './named-user.decorator.js';
import { pageLinks } from './page-links.js';
import type { UserKey } from './user-key.js';
import { parseUserListQuery } from './user-list-query.js';
import { ChangeUserDto } from './users.dto.js';
import { UsersService } from './users.service.js';

/** The Flex protocol's server side: the list of an app's users. */
@Controller('v1/apps/:app/users')
@Access('app')
export class UserListController {
  private readonly publicUrl: string;

  constructor(
    private readonly users: UsersService,
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
    const { users, total, createdBefore } = await this.users.list(app, query);
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

/** One user, named by our id as the protocol does, or by the application's own. */
@Controller(['v1/apps/:app/users/:user_id', 'v1/apps/:app/external-users/:external_id'])
@Access('app')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  async get(@Param('app') app: string, @NamedUser() key: UserKey) {
    const { user, devices, events } = await this.users.get(app, key);
    return { user: toUser(user, devices, events) };
  }

  @Patch()
  @UsePipes(LenientBody)
  async change(@Param('app') app: string, @NamedUser() key: UserKey, @Body() { status }: ChangeUserDto) {
    const { user, devices, events } = await this.users.setStatus(app, key, status);
    return { user: toUser(user, devices, events) };
  }

  @Delete()
  @HttpCode(200)
  async erase(@Param('app') app: string, @NamedUser() key: UserKey) {
    await this.users.erase(app, key);
  }
}
