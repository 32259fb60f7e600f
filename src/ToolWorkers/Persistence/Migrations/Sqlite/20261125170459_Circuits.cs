using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pipeline.ToolWorkers.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Circuits : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "tool_circuits",
                columns: table => new
                {
                    Tool = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    State = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Since = table.Column<long>(type: "INTEGER", nullable: false),
                    RetryAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Breaks = table.Column<int>(type: "INTEGER", nullable: false),
                    ProbeOwner = table.Column<string>(type: "TEXT", maxLength: 256, nullable: true),
                    ChangedBy = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    Reason = table.Column<string>(type: "TEXT", maxLength: 500, nullable: true),
                    Version = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_circuits", x => x.Tool);
                });

            migrationBuilder.CreateTable(
                name: "tool_last_good",
                columns: table => new
                {
                    Key = table.Column<string>(type: "TEXT", unicode: false, maxLength: 64, nullable: false),
                    Tool = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Tenant = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Result = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_last_good", x => x.Key);
                });

            migrationBuilder.CreateIndex(
                name: "IX_tool_last_good_At",
                table: "tool_last_good",
                column: "At");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "tool_circuits");

            migrationBuilder.DropTable(
                name: "tool_last_good");
        }
    }
}
