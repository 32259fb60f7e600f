using Microsoft.EntityFrameworkCore;

namespace Pipeline.LlmGateway.Persistence;

internal sealed class SqlServerLlmGatewayDbContext(DbContextOptions<SqlServerLlmGatewayDbContext> options) : LlmGatewayDbContext(options);
